import express from "express";
import { describe, expect, it } from "vitest";
import { createProbeHandler } from "../../../src/probes/probe-handler.js";
import { APPLICATION, ask, describeProbes, served, TEXT_STYLE } from "./contract.js";

describe("Express 5", () => {
  describeProbes({
    async serve(target, options) {
      const app = express();
      app.use(createProbeHandler(target, options));
      app.use("/orders", (_request, response) => void response.send(APPLICATION.body));
      return await served(app);
    },
    style: TEXT_STYLE,
    other: APPLICATION,
    post: 405,
  });

  it("counts paths from where it is mounted", async () => {
    const app = express();
    app.use("/internal/health", createProbeHandler());
    await using server = await served(app);
    expect(await ask(`${server.url}/internal/health/readyz?verbose`)).toMatchObject({ status: 200 });
    expect(await ask(`${server.url}/readyz`)).toMatchObject({ status: 404 });
  });

  it("serves in a router, beside routes that parse bodies", async () => {
    const app = express();
    const router = express.Router();
    router.use(express.json(), createProbeHandler());
    app.use("/internal", router);
    await using server = await served(app);
    expect(await ask(`${server.url}/internal/livez`)).toMatchObject({ status: 200, body: "ok" });
  });
});
