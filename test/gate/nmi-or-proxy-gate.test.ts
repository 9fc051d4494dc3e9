import { describe, expect, test } from "vitest";
import type { GateObservation } from "../../src/gate/gate.js";
import { createNmiOrProxyGate } from "../../src/gate/nmi-or-proxy-gate.js";
import type { HttpProbe } from "../../src/gate/route-probe.js";
import { ManualClock } from "../../src/testing/manual-clock.js";

const HEALTH = "http://10.240.0.4:8085/healthz";
const ROUTES = {
  nmi: { status: 400 },
  imds: { status: 400, server: "IMDS/150.870.65.1854" },
  proxy: { status: 400, server: "azure-workload-identity/proxy/v1.6.0 (linux/amd64) x/y" },
  unknown: { status: 400, server: "istio-envoy" },
  refused: "ECONNREFUSED",
  hang: "hang",
} as const;
type Route = keyof typeof ROUTES;
type Answer = Partial<Awaited<ReturnType<HttpProbe>>> | string;

function createPod() {
  const clock = new ManualClock();
  const pod = {
    health: { body: "Active" } as Answer,
    ready: { body: "ok" } as Answer,
    route: "nmi" as Route,
    asked: { health: 0, ready: 0, route: 0 },
  };
  const probe: HttpProbe = async (url) => {
    const what = url === HEALTH ? "health" : url.endsWith("/readyz") ? "ready" : "route";
    pod.asked[what] += 1;
    const answer: Answer = what === "route" ? ROUTES[pod.route] : pod[what];
    if (answer === "hang") return await new Promise(() => undefined);
    if (typeof answer === "string") throw Object.assign(new Error("x"), { code: answer });
    return { status: 200, server: undefined, body: "", ...answer };
  };
  const options = {
    url: HEALTH,
    metadataUrl: "http://169.254.169.254",
    proxyPort: 8000,
    chosenBy: "HOST_IP",
  } as const;
  const gate = createNmiOrProxyGate(options, { clock, probe });
  return Object.assign(pod, { clock, check: async () => await gate.check() });
}

const summary = ({ state, reason }: GateObservation): string => `${state} ${reason}`;

test.each<[Answer, Answer, Route, string]>([
  [{ body: "Active" }, "ECONNREFUSED", "nmi", "open active"],
  [{ body: "Not Active" }, "ECONNREFUSED", "nmi", "closed not-active"],
  ["ECONNREFUSED", "ECONNREFUSED", "imds", "closed health-refused"],
  [{ body: "Active" }, "ECONNREFUSED", "imds", "closed route-bypassed"],
  [{ body: "Active" }, "ECONNREFUSED", "unknown", "open active-route-unknown"],
  [{ body: "Active" }, "ECONNREFUSED", "refused", "closed route-unreachable"],
  ["ECONNREFUSED", { body: "ok" }, "proxy", "open proxy-active"],
  [{ body: "Active" }, { body: "ok" }, "proxy", "open proxy-active"],
  ["hang", { body: "ok" }, "proxy", "open proxy-active"],
  ["ECONNREFUSED", "ECONNREFUSED", "proxy", "closed proxy-unreachable"],
  ["ECONNREFUSED", { body: "ok" }, "nmi", "closed health-refused"],
])("NMI %j, proxy %j, route %s: %s", async (health, ready, route, expected) => {
  const pod = Object.assign(createPod(), { health, ready, route });
  expect(summary(await pod.check())).toBe(expected);
});

describe("what a route probe has decided", () => {
  test("for the proxy stays so: it opens for nobody else", async () => {
    const pod = Object.assign(createPod(), { route: "proxy" });
    await pod.check();
    const [seen, asked] = [[] as string[], pod.asked.health];
    for (const route of ["nmi", "imds", "unknown", "proxy"] as const) {
      pod.route = route;
      seen.push(summary(await pod.check()));
      await pod.clock.advance(10_000);
    }
    expect(seen).toEqual([
      "closed route-not-proxied",
      "closed route-bypassed",
      "closed route-not-proxied",
      "open proxy-active",
    ]);
    expect(pod.asked.health).toBe(asked); // NMI is not looked at any more
  });

  test("for NMI stays so, also where NMI was not healthy yet", async () => {
    const pod = Object.assign(createPod(), { health: "ECONNREFUSED", route: "nmi" });
    await pod.check();
    Object.assign(pod, { health: { body: "Active" }, route: "proxy" });
    expect(summary(await pod.check())).toBe("closed route-proxied");
    expect(pod.asked.ready).toBe(0);
  });

  test.each<Route>(["imds", "unknown", "refused"])("is nothing where %s answered", async (route) => {
    const pod = Object.assign(createPod(), { route });
    await pod.check();
    await pod.clock.advance(5_000);
    pod.route = "proxy";
    expect(summary(await pod.check())).toBe("open proxy-active");
  });

  test("is NMI after 60 s of IMDS, and IMDS is left alone from then on", async () => {
    const pod = Object.assign(createPod(), { health: "ECONNREFUSED", route: "imds" });
    for (let second = 0; second <= 120; second += 1) {
      await pod.check();
      await pod.clock.advance(1_000);
    }
    expect(pod.asked.route).toBeLessThanOrEqual(11);
    const before = pod.asked.route;
    await pod.check();
    expect(pod.asked.route).toBe(before);
    expect(pod.asked.health).toBe(122);
  });
});

test.each<[Route, boolean]>([
  ["refused", true],
  ["imds", true],
  ["nmi", false],
])("where %s answers and NMI does not, the proxy is named, too: %s", async (route, named) => {
  const pod = Object.assign(createPod(), { health: "ECONNREFUSED", route });
  const observation = await pod.check();
  expect(JSON.stringify(observation).includes("azwi-proxy-init")).toBe(named);
  expect(observation).toMatchObject({ remedy: expect.stringContaining("NMI is not running") as string });
});

test("a check looks at each place once", async () => {
  const pod = Object.assign(createPod(), { route: "unknown" });
  await pod.check();
  pod.route = "proxy";
  await pod.check();
  expect(pod.asked).toEqual({ health: 2, ready: 1, route: 2 });
});

test("a check that meets silence everywhere ends before the 2 s that a check may take", async () => {
  const pod = Object.assign(createPod(), { health: "hang", ready: "hang" });
  for (const route of ["hang", "proxy"] as const) {
    pod.route = route;
    const check = pod.check();
    await pod.clock.advance(1_000);
    expect((await check).state).toBe("closed");
  }
});
