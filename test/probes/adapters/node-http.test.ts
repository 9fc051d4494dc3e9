import type { RequestListener } from "node:http";
import { describe, expect, it } from "vitest";
import { createProbeHandler, type ProbeHandler } from "../../../src/probes/probe-handler.js";
import { APPLICATION, ask, describeProbes, served, TEXT_STYLE } from "./contract.js";

const orders: ProbeHandler = (_request, response) => void response.end(APPLICATION.body);

/** What Connect and its kin do: each handler in turn, until one does not call `next`. */
function chain(...handlers: readonly ProbeHandler[]): RequestListener {
  return (request, response) => {
    const run = (index: number): void => {
      handlers[index]?.(request, response, (error) => {
        if (error === undefined) run(index + 1);
        else response.writeHead(500).end("an error went on");
      });
    };
    run(0);
  };
}

describe("node:http", () => {
  describeProbes({
    serve: async (target, options) => await served(createProbeHandler(target, options)),
    style: TEXT_STYLE,
    other: { status: 404, body: "not found; here are /startupz, /readyz, /healthz, /livez, /metrics" },
    post: 405,
  });

  it("serves under a prefix", async () => {
    await using server = await served(createProbeHandler(undefined, { prefix: "/health" }));
    expect(await ask(`${server.url}/health/readyz`)).toMatchObject({ status: 200, body: "ok" });
    expect(await ask(`${server.url}/readyz`)).toMatchObject({ status: 404 });
  });
});

describe("Connect", () => {
  describeProbes({
    serve: async (target, options) => await served(chain(createProbeHandler(target, options), orders)),
    style: TEXT_STYLE,
    other: APPLICATION,
    post: 405,
  });
});
