import { createAdaptorServer } from "@hono/node-server";
import { Hono, type Context } from "hono";
import { mount } from "hono/mount";
import type { Server } from "node:http";
import { describe, expect, it } from "vitest";
import { honoProbes } from "../../../src/probes/adapters/hono.js";
import { createFetchHandler } from "../../../src/probes/fetch-handler.js";
import { APPLICATION, ask, describeProbes, listening, TEXT_STYLE, type Served } from "./contract.js";

type Fetch = (request: Request) => Response | Promise<Response>;

const served = async (fetch: Fetch): Promise<Served> =>
  await listening(createAdaptorServer({ fetch }) as Server);

describe("Hono 4", () => {
  describeProbes({
    async serve(target, options) {
      const app = new Hono();
      app.use(honoProbes(target, options));
      app.get("/orders", (context) => context.text(APPLICATION.body));
      return await served(app.fetch);
    },
    style: TEXT_STYLE,
    other: APPLICATION,
    post: 405,
  });

  it("serves alone, and says 404 as Hono does", async () => {
    await using server = await served(new Hono().use(honoProbes()).fetch);
    expect(await ask(`${server.url}/readyz`)).toMatchObject({ status: 200, body: "ok" });
    expect(await ask(`${server.url}/`)).toMatchObject({ status: 404, body: "404 Not Found" });
  });

  const orders = (context: Context): Response => context.text(APPLICATION.body);
  const mounted: readonly (readonly [string, () => { readonly fetch: Fetch }])[] = [
    ["use()", () => new Hono().use("/internal/health/*", honoProbes()).get("*", orders)],
    [
      "use() and a prefix",
      () => new Hono().use("/internal/*", honoProbes(undefined, { prefix: "/health" })).get("*", orders),
    ],
    [
      "use() and a prefix that names the whole path",
      () =>
        new Hono().use("/internal/*", honoProbes(undefined, { prefix: "/internal/health" })).get("*", orders),
    ],
    [
      "use(), after other middleware",
      () =>
        new Hono()
          .use(async (_c, next) => await next())
          .use("/internal/health/*", honoProbes())
          .get("*", orders),
    ],
    ["basePath()", () => new Hono().basePath("/internal/health").use(honoProbes()).get("*", orders)],
    ["route()", () => new Hono().route("/internal/health", new Hono().use(honoProbes())).get("*", orders)],
    [
      "route(), with an error handler",
      () => {
        const health = new Hono().onError((_error, context) => context.text("no", 500)).use(honoProbes());
        return new Hono().route("/internal/health", health).get("*", orders);
      },
    ],
    [
      "route(), with a parameter",
      () => new Hono().route("/internal/:team", new Hono().use(honoProbes())).get("*", orders),
    ],
  ];

  it.each(mounted)("counts paths from where it is mounted by %s", async (_name, make) => {
    await using server = await served(make().fetch);
    expect(await ask(`${server.url}/internal/health/readyz?verbose`)).toMatchObject({
      status: 200,
      body: expect.stringContaining("readyz check passed") as string,
    });
    expect(await ask(`${server.url}/internal/health/orders`)).toMatchObject(APPLICATION);
    expect((await ask(`${server.url}/readyz`)).body).not.toBe("ok");
  });
});

describe("Request and Response", () => {
  describeProbes({
    serve: async (target, options) => await served(createFetchHandler(target, options)),
    style: TEXT_STYLE,
    other: { status: 404, body: "not found; here are /startupz, /readyz, /healthz, /livez, /metrics" },
    post: 405,
  });

  it("serves where Hono mounts it", async () => {
    const app = new Hono().all("/internal/*", mount(createFetchHandler()));
    await using server = await served(app.fetch);
    expect(await ask(`${server.url}/internal/readyz?verbose`)).toMatchObject({ status: 200 });
  });
});
