import { fastify, type FastifyInstance, type FastifyServerOptions } from "fastify";
import { describe, expect, it } from "vitest";
import { isGuardError } from "../../../src/errors.js";
import { fastifyProbes } from "../../../src/probes/adapters/fastify.js";
import { APPLICATION, ask, describeProbes, startingCredential, TEXT_STYLE, type Served } from "./contract.js";

const made = (options: FastifyServerOptions = {}): FastifyInstance =>
  fastify({ forceCloseConnections: true, ...options });

async function served(app: FastifyInstance): Promise<Served> {
  const url = await app.listen({ port: 0, host: "127.0.0.1" });
  return { url, [Symbol.asyncDispose]: async () => await app.close() };
}

/** Lines that a Fastify of this level logs while a probe is asked. */
async function logged(register: { logLevel?: "info" | "silent" }): Promise<readonly string[]> {
  const lines: string[] = [];
  const app = made({ logger: { level: "info", stream: { write: (line: string) => void lines.push(line) } } });
  await app.register(fastifyProbes, register);
  await using server = await served(app);
  lines.length = 0;
  await ask(`${server.url}/readyz`);
  return lines;
}

describe("Fastify 5", () => {
  describeProbes({
    async serve(target, options) {
      const app = made();
      await app.register(fastifyProbes, { target, ...options });
      app.get("/orders", async () => APPLICATION.body);
      return await served(app);
    },
    style: TEXT_STYLE,
    other: APPLICATION,
    post: 404,
  });

  it("serves under the prefix that Fastify is given, once", async () => {
    const app = made();
    await app.register(async (api) => await api.register(fastifyProbes, { prefix: "/health" }), {
      prefix: "/internal",
    });
    await using server = await served(app);
    expect(await ask(`${server.url}/internal/health/readyz?verbose`)).toMatchObject({ status: 200 });
    expect(await ask(`${server.url}/readyz`)).toMatchObject({ status: 404 });
    expect(await ask(`${server.url}/internal/health/health/readyz`)).toMatchObject({ status: 404 });
  });

  it("can be registered twice, in contexts of their own", async () => {
    await using credential = await startingCredential();
    const app = made();
    await app.register(fastifyProbes);
    await app.register(fastifyProbes, { prefix: "/vault", target: credential });
    await using server = await served(app);
    expect(await ask(`${server.url}/readyz`)).toMatchObject({ status: 200 });
    expect(await ask(`${server.url}/vault/readyz`)).toMatchObject({ status: 503 });
  });

  it.each([true, false])("answers HEAD with exposeHeadRoutes %s", async (exposeHeadRoutes) => {
    const app = made({ exposeHeadRoutes });
    await app.register(fastifyProbes);
    await using server = await served(app);
    const { status, headers, body } = await ask(`${server.url}/readyz`, { method: "HEAD" });
    expect({ status, length: headers.get("content-length"), body }).toEqual({
      status: 200,
      length: "2",
      body: "",
    });
  });

  it("goes by the routing that the application chose", async () => {
    const app = made({ routerOptions: { caseSensitive: false, ignoreTrailingSlash: true } });
    await app.register(fastifyProbes, { prefix: "/Health" });
    await using server = await served(app);
    expect(await ask(`${server.url}/health/READYZ/?verbose`)).toMatchObject({
      status: 200,
      body: expect.stringContaining("readyz check passed") as string,
    });
  });

  it("logs no request unless it is told to", async () => {
    expect(await logged({})).toEqual([]);
    expect(await logged({ logLevel: "silent" })).toEqual([]);
    expect(await logged({ logLevel: "info" })).toHaveLength(2);
  });

  it("leaves hooks and errors of the application as they are", async () => {
    const app = made();
    app.addHook("onSend", async (_request, reply) => void reply.header("x-served-by", "orders"));
    await app.register(fastifyProbes);
    await using server = await served(app);
    const { status, headers } = await ask(`${server.url}/livez`);
    expect([status, headers.get("x-served-by")]).toEqual([200, "orders"]);
    expect(JSON.parse((await ask(`${server.url}/nothing`)).body)).toMatchObject({ statusCode: 404 });
  });

  it("refuses options that cannot be used when it is registered", async () => {
    const app = made();
    const error: unknown = await Promise.resolve(
      app.register(fastifyProbes, { checks: [{ name: "gate", check: () => true }] }),
    ).catch((thrown: unknown) => thrown);
    expect(isGuardError(error, "ERR_GUARD_CONFIGURATION")).toBe(true);
  });
});
