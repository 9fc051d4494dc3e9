import { describe, expect, test } from "vitest";
import { gateKey, type GateObservation } from "../../src/gate/gate.js";
import { createProxyGate, proxyGate, type ProxyGateOptions } from "../../src/gate/proxy-gate.js";
import type { HttpProbe } from "../../src/gate/route-probe.js";
import { ManualClock } from "../../src/testing/manual-clock.js";
import { serve } from "../endpoint/local-server.js";
import { problemsOf } from "./problems.js";

const METADATA = "http://169.254.169.254";
const IMDS = "IMDS/150.870.65.1854";
const PROXY = "azure-workload-identity/proxy/v1.6.0 (linux/amd64) 1234567/2025-01-01";

type Answer = Partial<Awaited<ReturnType<HttpProbe>>> | string;

/** A pod whose proxy and token path answer as told; a text is the code of a failed connection, or `hang`. */
function createPod() {
  const clock = new ManualClock();
  const pod = {
    ready: { body: "ok" } as Answer,
    route: { status: 400, server: PROXY } as Answer,
    readyAsked: [] as string[],
    routeAsked: 0,
  };
  const probe: HttpProbe = async (url) => {
    const onReady = url.endsWith("/readyz");
    if (onReady) pod.readyAsked.push(url);
    else pod.routeAsked += 1;
    const answer = onReady ? pod.ready : pod.route;
    if (answer === "hang") return await new Promise(() => undefined);
    if (typeof answer === "string") throw Object.assign(new Error("x"), { code: answer });
    return { status: 200, server: undefined, body: "", ...answer };
  };
  const gate = createProxyGate({ port: 8000, metadataUrl: METADATA }, { clock, probe });
  return Object.assign(pod, { clock, check: async () => await gate.check() });
}

const summary = ({ state, reason }: GateObservation): string => `${state} ${reason}`;

describe("readiness of the proxy", () => {
  test.each<[Answer, string]>([
    [{ body: "ok" }, "open proxy-active"],
    [{ body: "OK\n" }, "open proxy-active"],
    [{ body: "not ok" }, "closed proxy-unexpected"],
    [{ body: "" }, "closed proxy-unexpected"],
    [{ status: 404, body: "ok" }, "closed proxy-unexpected"],
    [{ status: 204, body: "" }, "closed proxy-unexpected"],
    ["HPE_INVALID_CONSTANT", "closed proxy-unexpected"],
    ["ECONNREFUSED", "closed proxy-unreachable"],
    ["ECONNRESET", "closed proxy-unreachable"],
  ])("%j is %s", async (ready, expected) => {
    const pod = createPod();
    pod.ready = ready;
    const observation = await pod.check();
    expect(summary(observation)).toBe(expected);
    if (observation.state === "closed") {
      expect(observation).toMatchObject({
        permanent: false,
        remedy: expect.stringContaining("port") as string,
      });
      expect(pod.routeAsked).toBe(0);
    }
  });

  test("no answer within 1 s is closed", async () => {
    const pod = createPod();
    pod.ready = "hang";
    const check = pod.check();
    await pod.clock.advance(1000);
    expect(summary(await check)).toBe("closed proxy-unreachable");
    expect(pod.clock.pending).toBe(0);
  });
});

describe("the route to the proxy", () => {
  test.each<[Answer, string]>([
    [{ status: 400, server: PROXY }, "open proxy-active"],
    [{ status: 500, server: PROXY }, "open proxy-active"],
    [{ status: 400, server: IMDS }, "closed route-bypassed"],
    [{ status: 400 }, "closed route-not-proxied"],
    [{ status: 400, server: "istio-envoy" }, "closed route-not-proxied"],
    ["ECONNREFUSED", "closed route-unreachable"],
  ])("%j is %s, although the proxy says ok", async (route, expected) => {
    const pod = createPod();
    pod.route = route;
    const observation = await pod.check();
    expect(summary(observation)).toBe(expected);
    if (observation.state === "closed") expect(observation.remedy).toContain("azwi-proxy-init");
  });

  test("after IMDS answered, the next probes wait 1, 2, 4, 8, 10 s, and the proxy is asked all the same", async () => {
    const pod = createPod();
    pod.route = { status: 400, server: IMDS };
    const probedAt: number[] = [];
    for (let second = 0; second <= 26; second += 1) {
      const before = pod.routeAsked;
      expect((await pod.check()).reason).toBe("route-bypassed");
      if (pod.routeAsked > before) probedAt.push(second);
      await pod.clock.advance(1000);
    }
    expect(probedAt).toEqual([0, 1, 3, 7, 15, 25]);
    expect(pod.readyAsked).toHaveLength(27);
  });
});

describe("proxyGate", () => {
  test("asks the port that it is given, and the token path", async () => {
    const proxy = await serve((request, response) => {
      if (request.url === "/readyz") response.end("ok");
      else response.writeHead(400, { Server: PROXY }).end();
    });
    const gate = proxyGate({ port: proxy.port, metadataUrl: proxy.url });
    expect(gate.name).toBe("proxy");
    expect((await gate.check()).reason).toBe("proxy-active");
    expect(proxy.requests.map(({ url }) => url)).toEqual(["/readyz", "/metadata/identity/oauth2/token"]);
  });

  test("looks on port 8000 of the pod where nothing is said", async () => {
    const pod = createPod();
    await pod.check();
    expect(pod.readyAsked).toEqual(["http://127.0.0.1:8000/readyz"]);
    expect(gateKey(proxyGate())).toBe(gateKey(proxyGate({ port: 8000 })));
    expect(gateKey(proxyGate())).not.toBe(gateKey(proxyGate({ port: 8001 })));
  });

  test.each<[unknown, string[]]>([
    [null, ["options"]],
    [{ port: 0 }, ["port"]],
    [{ port: "8000" }, ["port"]],
    [{ port: 65_536, metadataUrl: "imds" }, ["metadataUrl", "port"]],
  ])("refuses %j", (options, names) => {
    expect(problemsOf(() => proxyGate(options as ProxyGateOptions))).toEqual(names);
  });
});
