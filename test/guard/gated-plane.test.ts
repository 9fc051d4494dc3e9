import { describe, expect, it } from "vitest";
import type { EnvironmentValues } from "../../src/config/environment.js";
import type { GuardOptions } from "../../src/config/options.js";
import type { Gate } from "../../src/gate/gate.js";
import { outcome, SCOPE, SERVERS, tokenAnswer, World, type Answer } from "./world.js";

type Answerer = keyof typeof SERVERS;
const ANSWERERS = ["nmi", "imds", "proxy", "unknown"] as const;
const OK = { status: 200, server: undefined, body: "ok" };

/** A pod whose token path is answered by `route`, as the route probe shows; the proxy is up where it answers. */
function podOn(route: Answerer): World {
  const world = new World();
  world.route = () => ({ status: 400, server: SERVERS[route].server, body: "" });
  if (route === "proxy") {
    world.ready = () => OK;
    world.health = () => Object.assign(new Error("x"), { code: "ECONNREFUSED" });
  }
  return world;
}

interface Row {
  readonly gate: string;
  readonly guard: GuardOptions;
  readonly environment: EnvironmentValues;
  readonly route: Answerer;
  readonly admits: readonly Answerer[];
}

const HOST_IP = { HOST_IP: "10.240.0.4" };
const ROWS: readonly Row[] = [
  { gate: "nmi", guard: { gate: "nmi" }, environment: HOST_IP, route: "nmi", admits: ["nmi", "unknown"] },
  { gate: "proxy", guard: { gate: "proxy" }, environment: {}, route: "proxy", admits: ["proxy"] },
  { gate: "nmi-or-proxy", guard: {}, environment: HOST_IP, route: "nmi", admits: ["nmi", "unknown"] },
  { gate: "nmi-or-proxy", guard: {}, environment: HOST_IP, route: "unknown", admits: ["nmi", "unknown"] },
  { gate: "nmi-or-proxy", guard: {}, environment: HOST_IP, route: "proxy", admits: ["proxy"] },
  { gate: "none", guard: { gate: "none", expect: {} }, environment: {}, route: "imds", admits: ANSWERERS },
];
const CASES = ROWS.flatMap((row) =>
  ANSWERERS.map((by) => ({ ...row, by, admitted: row.admits.includes(by) })),
);

describe("a token", () => {
  it.each(CASES)("from $by under the gate $gate, route $route: admitted $admitted", async (row) => {
    const world = podOn(row.route);
    world.token = () => tokenAnswer(world.clock.now(), { by: row.by });
    await using credential = world.credential(row.guard, row.environment);
    const call = credential.getToken(SCOPE);
    call.catch(() => undefined);
    await world.clock.advance(2_500);
    if (row.admitted) {
      expect(await outcome(call)).toHaveProperty("value");
      return;
    }
    expect(await outcome(call)).toBe("pending");
    await world.clock.advance(80_000);
    expect(await outcome(call)).toHaveProperty("error.code", "ERR_GUARD_BYPASS");
    expect(credential.health.snapshot().metrics.rejected).toEqual([
      { reason: "bypass", count: expect.any(Number) as number },
    ]);
  });
});

describe("an error", () => {
  const answered = (by: Answerer, status: number, body = ""): Answer => ({
    status,
    body,
    headers: SERVERS[by],
  });

  it.each<[Answerer, Answer, string]>([
    ["proxy", answered("imds", 400, '{"error":"invalid_request"}'), "bypass"],
    ["proxy", answered("nmi", 404), "wrong-plane"],
    ["proxy", answered("unknown", 502), "wrong-plane"],
    ["proxy", answered("proxy", 500, "AADSTS70021: x"), "federation-pending"],
    ["proxy", answered("proxy", 503), "server-error"],
    ["nmi", answered("proxy", 500), "wrong-plane"],
    ["nmi", answered("imds", 404), "bypass"],
  ])("under the gate of %s is judged by who answered: %j is %s", async (plane, answer, reason) => {
    const world = podOn(plane);
    world.token = () => answer;
    await using credential = world.credential({ gate: plane as "nmi" | "proxy" }, HOST_IP);
    const call = credential.getToken(SCOPE);
    call.catch(() => undefined);
    await world.clock.advance(80_000);
    expect(await outcome(call)).toHaveProperty("error.details.reason", reason);
  });

  it("that the proxy quotes from Entra ID says what was presented", async () => {
    const issuer = `https://eastus.oic.prod-aks.azure.com/${"0".repeat(36)}/${"1".repeat(36)}/`;
    const world = podOn("proxy");
    world.token = () => answered("proxy", 500, `AADSTS700211: presented assertion issuer '${issuer}'.`);
    await using credential = world.credential({ gate: "proxy", retry: { budgetMs: 4_000 } }, {});
    const call = credential.getToken(SCOPE);
    call.catch(() => undefined);
    await world.clock.advance(4_000);
    expect(await outcome(call)).toHaveProperty("error.message", expect.stringContaining(issuer));
  });
});

describe("a refusal of the subject alone, as the proxy quotes it", () => {
  const SUBJECT = "system:serviceaccount:shop:orders";
  const issuer = `https://eastus.oic.prod-aks.azure.com/${"0".repeat(36)}/${"1".repeat(36)}/`;
  const segment = (value: object): string => Buffer.from(JSON.stringify(value)).toString("base64url");
  const file = `${segment({ alg: "RS256" })}.${segment({ iss: issuer, sub: SUBJECT, aud: ["api://x"] })}.c2ln`;
  const REFUSED = `AADSTS700213: No matching record for presented assertion subject '${SUBJECT}'.`;

  async function told(by: Answerer, environment: EnvironmentValues, text = REFUSED): Promise<unknown> {
    const world = podOn(by);
    world.file = () => file;
    world.token = () => ({ status: 500, body: text, headers: SERVERS[by] });
    const gate = by === "proxy" ? "proxy" : "nmi";
    await using credential = world.credential({ gate, retry: { budgetMs: 4_000 } }, environment);
    const call = credential.getToken(SCOPE);
    call.catch(() => undefined);
    await world.clock.advance(4_000);
    const ended = await outcome(call);
    return typeof ended === "object" && "error" in ended ? (ended.error as Error).message : ended;
  }
  // With client ID and tenant as well, it would be asked for by exchange, and not through the proxy.
  const withFile = { ...HOST_IP, AZURE_FEDERATED_TOKEN_FILE: "/token" };

  it("is told with what else is in the pod's own file", async () => {
    const message = await told("proxy", withFile);
    expect(message).toContain(`; presented: subject ${SUBJECT}, issuer ${issuer}, audience api://x.`);
    expect(message).not.toContain("c2ln");
  });

  it("says no more where the pod has no file, and where it is NMI that quotes", async () => {
    expect(await told("proxy", HOST_IP)).toContain(`; presented: subject ${SUBJECT}.`);
    expect(await told("nmi", withFile)).not.toContain(issuer);
    expect(await told("proxy", withFile, "AADSTS7000215: x")).not.toContain(issuer);
  });
});

describe("the migration proxy", () => {
  it("is waited for, and its sudden absence costs no wrong token", async () => {
    const world = podOn("imds");
    world.token = () => tokenAnswer(world.clock.now(), { by: world.route === proxied ? "proxy" : "imds" });
    const proxied = (): Exclude<ReturnType<World["route"]>, Error> => ({
      status: 400,
      server: SERVERS.proxy.server,
      body: "",
    });
    await using credential = world.credential({ gate: "proxy" }, {});
    const call = credential.getToken(SCOPE);
    await world.clock.advance(20_000);
    expect([await outcome(call), world.requests]).toEqual(["pending", 0]);
    world.ready = () => OK;
    world.route = proxied;
    await world.clock.advance(12_000);
    expect(await outcome(call)).toHaveProperty("value");
    world.route = podOn("imds").route;
    const other = credential.getToken("https://storage.azure.com/.default");
    other.catch(() => undefined);
    await world.clock.advance(80_000);
    expect(await outcome(other)).toHaveProperty("error.details.reason", "route-bypassed");
  });

  it.each<[GuardOptions, EnvironmentValues]>([
    [{ gate: "proxy" }, { AZURE_IDENTITY_GUARD_PROXY_PORT: "8123" }],
    [{ gate: "proxy", proxy: { port: 8123 } }, {}],
    [{}, { ...HOST_IP, AZURE_IDENTITY_GUARD_PROXY_PORT: "8123" }],
  ])("listens where the variable or the option says: %j, %j", async (guard, environment) => {
    const world = podOn("proxy");
    world.token = () => tokenAnswer(world.clock.now(), { by: "proxy" });
    await using credential = world.credential(guard, environment);
    await credential.getToken(SCOPE);
    expect(world.probed).toContain("http://127.0.0.1:8123/readyz");
  });
});

it("a gate that turns out to be the other one's while a token is on its way closes it to that token", async () => {
  const world = podOn("unknown");
  world.token = () => {
    const proxied = podOn("proxy");
    Object.assign(world, { route: proxied.route, ready: proxied.ready });
    return tokenAnswer(world.clock.now(), {
      by: world.requests === 1 ? "unknown" : "proxy",
      serial: world.requests,
    });
  };
  await using credential = world.credential({}, HOST_IP);
  const call = credential.getToken(SCOPE);
  await world.clock.advance(5_000);
  expect(await outcome(call)).toHaveProperty("value");
  expect(world.requests).toBe(2);
  expect(credential.health.snapshot().metrics.rejected).toEqual([{ reason: "gate-closed", count: 1 }]);
});

it("a gate of the application's own stands for no plane, whatever reason it gives", async () => {
  const world = new World();
  const gate: Gate = {
    name: "mine",
    check: async () => ({ state: "open", reason: "active", observedAt: 0 }),
  };
  world.token = () => tokenAnswer(world.clock.now(), { by: "imds" });
  await using credential = world.credential({ gate }, {});
  expect(await credential.getToken(SCOPE)).toHaveProperty("token");
});
