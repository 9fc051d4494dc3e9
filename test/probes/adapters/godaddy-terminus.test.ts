import { createTerminus, type HealthCheckMap, type TerminusOptions } from "@godaddy/terminus";
import { createServer } from "node:http";
import { afterEach, describe, expect, it } from "vitest";
import { terminusHealthChecks } from "../../../src/probes/adapters/godaddy-terminus.js";
import { drain } from "../../../src/probes/target.js";
import {
  APPLICATION,
  ask,
  deferred,
  describeProbes,
  listening,
  readyCredential,
  type AnswerStyle,
  type Served,
} from "./contract.js";

/** Not SIGTERM, which is the test runner's own. */
const SIGNAL = "SIGUSR2";

const STYLE: AnswerStyle = {
  contentType: "application/json",
  cacheControl: null,
  verbose: "",
  read(body) {
    const { status, info, error } = JSON.parse(body) as Record<string, unknown>;
    return (status === "ok" ? info : error) as Record<string, string>;
  },
};

async function served(healthChecks: HealthCheckMap, options: TerminusOptions = {}): Promise<Served> {
  const server = createServer((_request, response) => void response.end(APPLICATION.body));
  return await listening(createTerminus(server, { healthChecks, signal: SIGNAL, ...options }));
}

afterEach(() => void process.removeAllListeners(SIGNAL));

describe("@godaddy/terminus 4", () => {
  describeProbes({
    serve: async (target, options) => await served(terminusHealthChecks(target, options)),
    style: STYLE,
    other: APPLICATION,
  });

  it("stands beside checks of the application, under a prefix, verbatim or not", async () => {
    await using server = await served({
      ...terminusHealthChecks(undefined, { prefix: "/health" }),
      "/orders-healthy": async () => ({ orders: "fine" }),
      verbatim: true,
    });
    const { status, body } = await ask(`${server.url}/health/readyz`);
    expect(status).toBe(200);
    expect(JSON.parse(body)).toMatchObject({ status: "ok", gate: "ok", token: "ok", shutdown: "ok" });
    expect(await ask(`${server.url}/orders-healthy`)).toMatchObject({ status: 200 });
    expect(await ask(`${server.url}/readyz`)).toMatchObject(APPLICATION);
  });

  it("drains in beforeShutdown and closes in onSignal", async () => {
    await using credential = await readyCredential();
    const drained = deferred<undefined>();
    const left = deferred<undefined>();
    const ended = deferred<undefined>();
    await using server = await served(terminusHealthChecks(credential), {
      sendFailuresDuringShutdown: false,
      // In an application: the time that load balancers take to notice.
      async beforeShutdown() {
        drain(credential);
        drained.resolve(undefined);
        await left.promise;
      },
      onSignal: async () => await credential.close(),
      async onShutdown() {
        ended.resolve(undefined);
        // Terminus would end the process next, and with it the test.
        await new Promise(() => undefined);
      },
    });
    expect(await ask(`${server.url}/readyz`)).toMatchObject({ status: 200 });

    process.kill(process.pid, SIGNAL);
    await drained.promise;
    const ready = await ask(`${server.url}/readyz`);
    expect(ready.status).toBe(503);
    expect(STYLE.read(ready.body)).toMatchObject({ gate: "ok", shutdown: "failed: drained" });
    expect(await ask(`${server.url}/livez`)).toMatchObject({ status: 200 });

    left.resolve(undefined);
    await ended.promise;
    expect(credential.health.snapshot().state).toBe("closed");
  });
});
