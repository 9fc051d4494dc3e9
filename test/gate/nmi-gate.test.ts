import { AzureLogger, getLogLevel, setLogLevel } from "@azure/logger";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { gateKey, type GateObservation } from "../../src/gate/gate.js";
import { createNmiGate, nmiGate, type NmiGateOptions } from "../../src/gate/nmi-gate.js";
import type { HttpProbe } from "../../src/gate/route-probe.js";
import { ManualClock } from "../../src/testing/manual-clock.js";
import { serve } from "../endpoint/local-server.js";
import { problemsOf } from "./problems.js";

const URL = "http://10.240.0.4:8085/healthz";
const METADATA = "http://169.254.169.254";
const IMDS = "IMDS/150.870.65.1854";

type Answer = Partial<Awaited<ReturnType<HttpProbe>>> | string;

/** A node whose health port and token path answer as told; a text is the code of a failed connection, or `hang`. */
function createNode(options: Partial<Parameters<typeof createNmiGate>[0]> = {}) {
  const clock = new ManualClock();
  const node = {
    health: { body: "Active" } as Answer,
    route: { status: 400 } as Answer,
    healthAsked: 0,
    routeAsked: 0,
  };
  const probe: HttpProbe = async (url) => {
    const onHealth = url === URL;
    if (onHealth) node.healthAsked += 1;
    else node.routeAsked += 1;
    const answer = onHealth ? node.health : node.route;
    if (answer === "hang") return await new Promise(() => undefined);
    if (typeof answer === "string") throw Object.assign(new Error("x"), { code: answer });
    return { status: 200, server: undefined, body: "", ...answer };
  };
  const gate = createNmiGate({ url: URL, metadataUrl: METADATA, ...options }, { clock, probe });
  return Object.assign(node, { clock, gate, check: async () => await gate.check() });
}

function reasonAndState({ state, reason }: GateObservation): string {
  return `${state} ${reason}`;
}

describe("health", () => {
  test.each<[Answer, string]>([
    [{ body: "Active" }, "open active"],
    [{ body: "active\n" }, "open active"],
    [{ body: "  ACTIVE " }, "open active"],
    [{ body: "Not Active" }, "closed not-active"],
    [{ body: "Inactive" }, "closed health-unexpected"],
    [{ body: "Active Active" }, "closed health-unexpected"],
    [{ body: "" }, "closed health-unexpected"],
    [{ status: 201, body: "Active" }, "closed health-unexpected"],
    [{ status: 503, body: "Active" }, "closed health-unexpected"],
    [{ status: 302, body: "" }, "closed health-unexpected"],
    ["ECONNREFUSED", "closed health-refused"],
    ["ETIMEDOUT", "closed health-timeout"],
    ["ENOTFOUND", "closed health-unreachable"],
    ["EHOSTUNREACH", "closed health-unreachable"],
    ["ECONNRESET", "closed health-unreachable"],
    ["HPE_INVALID_CONSTANT", "closed health-unexpected"],
  ])("%j is %s", async (health, expected) => {
    const node = createNode();
    node.health = health;
    expect(reasonAndState(await node.check())).toBe(expected);
  });

  test("no answer within 1 s is closed", async () => {
    const node = createNode();
    node.health = "hang";
    const check = node.check();
    await node.clock.advance(1000);
    expect(reasonAndState(await check)).toBe("closed health-timeout");
    expect(node.clock.pending).toBe(0);
  });

  test("the route is not probed before NMI is active", async () => {
    const node = createNode();
    node.health = { body: "Not Active" };
    await node.check();
    expect(node.routeAsked).toBe(0);
  });

  test("a closed NMI gate is never closed for good, says what to do and when it looked", async () => {
    const node = createNode();
    node.health = "ECONNREFUSED";
    const observation = await node.check();
    expect(observation).toMatchObject({ permanent: false, observedAt: node.clock.now() });
    expect(observation).toHaveProperty("remedy");
    expect(observation.detail).toContain("ECONNREFUSED");
  });

  test("a token in the body of an unexpected answer is not quoted", async () => {
    const node = createNode();
    const token = `eyJhbGciOiJub25lIn0.${"eyJvaWQiOiJ4In0".repeat(4)}.x`;
    node.health = { body: `{"access_token":"${token}"}` };
    expect(JSON.stringify(await node.check())).not.toContain(token.slice(0, 30));
  });
});

describe("route", () => {
  test.each<[Answer, string]>([
    [{ status: 400 }, "open active"],
    [{ status: 400, server: IMDS }, "closed route-bypassed"],
    [
      { status: 400, server: "azure-workload-identity/proxy/v1.6.0 (linux/amd64) x/y" },
      "closed route-proxied",
    ],
    [{ status: 400, server: "istio-envoy" }, "open active-route-unknown"],
    [{ status: 404 }, "open active-route-unknown"],
    [{ status: 200 }, "open active-route-unknown"],
    [{ status: 404, server: IMDS }, "closed route-bypassed"],
    [{ status: 200, server: IMDS }, "closed route-bypassed"],
    ["ECONNREFUSED", "closed route-unreachable"],
    ["ECONNRESET", "closed route-unreachable"],
  ])("%j is %s", async (route, expected) => {
    const node = createNode();
    node.route = route;
    expect(reasonAndState(await node.check())).toBe(expected);
  });

  test("no answer within 1 s is unreachable", async () => {
    const node = createNode();
    node.route = "hang";
    const check = node.check();
    await node.clock.advance(1000);
    expect(reasonAndState(await check)).toBe("closed route-unreachable");
  });

  test("one refused connection right after Active passes with the next check", async () => {
    const node = createNode();
    node.route = "ECONNREFUSED";
    await node.check();
    node.route = { status: 400 };
    expect((await node.check()).state).toBe("open");
  });
});

describe("after IMDS answered", () => {
  test("the next route probes wait 1, 2, 4, 8, 10, 10 s, and health is asked all the same", async () => {
    const node = createNode();
    node.route = { status: 400, server: IMDS };
    const probedAt: number[] = [];
    for (let second = 0; second <= 40; second += 1) {
      const before = node.routeAsked;
      expect((await node.check()).reason).toBe("route-bypassed");
      if (node.routeAsked > before) probedAt.push(second);
      await node.clock.advance(1000);
    }
    expect(probedAt).toEqual([0, 1, 3, 7, 15, 25, 35]);
    expect(node.healthAsked).toBe(41);
  });

  test("the wait begins anew once NMI has answered", async () => {
    const node = createNode();
    node.route = { status: 400, server: IMDS };
    await node.check();
    await node.clock.advance(1000);
    await node.check();
    node.route = { status: 400 };
    await node.clock.advance(2000);
    expect((await node.check()).state).toBe("open");
    node.route = { status: 400, server: IMDS };
    await node.check();
    await node.clock.advance(1000);
    const before = node.routeAsked;
    await node.check();
    expect(node.routeAsked).toBe(before + 1);
  });

  test("health that is lost meanwhile is what is reported", async () => {
    const node = createNode();
    node.route = { status: 400, server: IMDS };
    await node.check();
    node.health = "ECONNREFUSED";
    expect((await node.check()).reason).toBe("health-refused");
  });

  test("gates do not share the wait", async () => {
    const [one, other] = [createNode(), createNode()];
    one.route = { status: 400, server: IMDS };
    await one.check();
    expect((await other.check()).state).toBe("open");
  });
});

describe("what is said", () => {
  const log = AzureLogger.log;
  const level = getLogLevel();
  let lines: string[] = [];

  beforeEach(() => {
    lines = [];
    AzureLogger.log = (...parts) => lines.push(parts.map(String).join(" "));
    setLogLevel("warning");
  });

  afterEach(() => {
    AzureLogger.log = log;
    setLogLevel(level);
  });

  test("an unknown route is said once, with the address to exclude from the mesh", async () => {
    const node = createNode();
    node.route = { status: 400, server: "istio-envoy" };
    expect((await node.check()).detail).toContain("169.254.169.254");
    node.route = { status: 404 };
    await node.check();
    expect(lines).toHaveLength(1);
    expect(lines[0]).toContain("169.254.169.254");
  });

  test("a health port that only ever refused for 60 s says that HOST_IP chose the gate", async () => {
    const node = createNode({ chosenBy: "HOST_IP" });
    node.health = "ECONNREFUSED";
    await node.check();
    await node.clock.advance(59_999);
    expect((await node.check()).detail).not.toContain("HOST_IP");
    await node.clock.advance(1);
    const observation = await node.check();
    await node.check();
    expect(observation.detail).toContain("AZURE_IDENTITY_GUARD_GATE=none");
    expect(observation).toMatchObject({ reason: "health-refused", permanent: false });
    expect(observation.state === "closed" ? observation.remedy : "").toContain(
      "AZURE_IDENTITY_GUARD_GATE=none",
    );
    expect(lines).toHaveLength(1);
  });

  test("one that has ever answered does not", async () => {
    const node = createNode({ chosenBy: "HOST_IP" });
    await node.check();
    node.health = "ECONNREFUSED";
    await node.check();
    await node.clock.advance(60_000);
    expect((await node.check()).detail).not.toContain("AZURE_IDENTITY_GUARD_GATE");
    expect(lines).toEqual([]);
  });

  test("nor does a gate that somebody asked for", async () => {
    const node = createNode();
    node.health = "ECONNREFUSED";
    await node.check();
    await node.clock.advance(60_000);
    expect((await node.check()).detail).not.toContain("AZURE_IDENTITY_GUARD_GATE");
  });

  test("a pod with its node's address is told that it is never intercepted", async () => {
    const node = createNode({ ownAddresses: () => ["127.0.0.1", "10.240.0.4"] });
    node.route = { status: 400, server: IMDS };
    const observation = await node.check();
    expect(observation.state === "closed" ? observation.remedy : "").toContain("hostNetwork");
  });

  test("any other pod is not", async () => {
    const node = createNode({ ownAddresses: () => ["127.0.0.1", "10.244.0.7"] });
    node.route = { status: 400, server: IMDS };
    const observation = await node.check();
    expect(observation.state === "closed" ? observation.remedy : "").not.toContain("hostNetwork");
  });
});

describe("abort", () => {
  test("rejects with the reason, also where the signal is only like one", async () => {
    const node = createNode();
    node.health = "hang";
    const control = new AbortController();
    const check = node.gate.check({ abortSignal: control.signal });
    control.abort("enough");
    await expect(check).rejects.toBe("enough");
    expect(node.clock.pending).toBe(0);
    const like = { aborted: true, addEventListener: () => undefined, removeEventListener: () => undefined };
    await expect(node.gate.check({ abortSignal: like })).rejects.toMatchObject({ name: "AbortError" });
  });
});

describe("nmiGate", () => {
  test("looks at the health port and the token path that it is given", async () => {
    const server = await serve((request, response) => {
      if (request.url === "/healthz") response.end("Active");
      else response.writeHead(400).end("{}");
    });
    const gate = nmiGate({ url: `${server.url}/healthz`, metadataUrl: server.url });
    expect(gate.name).toBe("nmi");
    expect((await gate.check()).reason).toBe("active");
    expect(server.requests.map(({ url }) => url)).toEqual(["/healthz", "/metadata/identity/oauth2/token"]);
  });

  test("hostIp stands for the port of the Helm chart", () => {
    expect(gateKey(nmiGate({ hostIp: "10.240.0.4" }))).toBe(gateKey(nmiGate({ url: URL })));
  });

  test("gates of the same URLs have the same key, others another", () => {
    const key = gateKey(nmiGate({ url: URL }));
    expect(gateKey(nmiGate({ url: URL, metadataUrl: "http://169.254.169.254/" }))).toBe(key);
    expect(gateKey(nmiGate({ url: URL, metadataUrl: "http://127.0.0.1:1" }))).not.toBe(key);
    expect(gateKey(nmiGate({ url: "http://10.240.0.5:8085/healthz" }))).not.toBe(key);
  });

  test.each<[string, unknown, string[]]>([
    ["no options", null, ["options"]],
    ["nothing", {}, ["hostIp"]],
    ["an empty address", { hostIp: "" }, ["hostIp"]],
    ["an IPv6 address", { hostIp: "fd00::4" }, ["hostIp"]],
    ["a host name", { hostIp: "node-1" }, ["hostIp"]],
    ["a number", { hostIp: 5 }, ["hostIp"]],
    ["a URL without scheme", { url: "10.240.0.4:8085" }, ["url"]],
    ["a URL of another scheme", { url: "ftp://10.240.0.4/" }, ["url"]],
    ["a URL with a password", { url: "http://me:s3cr3t@10.240.0.4:8085/healthz" }, ["url"]],
    ["a bad metadata URL", { url: URL, metadataUrl: "imds" }, ["metadataUrl"]],
    ["two problems", { hostIp: "x", metadataUrl: "imds" }, ["hostIp", "metadataUrl"]],
  ])("refuses %s", (_name, options, names) => {
    expect(problemsOf(() => nmiGate(options as NmiGateOptions))).toEqual(names);
  });

  test("the missing address comes with the lines of the pod spec", () => {
    expect(() => nmiGate({})).toThrow(/fieldPath: status\.hostIP/);
  });
});
