import { createPipelineRequest, type PipelineResponse } from "@azure/core-rest-pipeline";
import { Client } from "undici";
import { describe, expect, test, vi } from "vitest";
import { createHttpClient } from "../../src/endpoint/http-client.js";
import { LOADERS, loadUndici, type UndiciLoaders } from "../../src/endpoint/load-undici.js";
import { serve, unusedPort } from "./local-server.js";

const missing = async (): Promise<never> => await Promise.reject(new Error("no such file"));

describe.each<[string, UndiciLoaders]>([
  ["its client alone", { ...LOADERS, whole: missing }],
  ["all of undici", { ...LOADERS, part: missing }],
])("%s", (_name, loaders) => {
  const get = async (url: string): Promise<PipelineResponse> => {
    const client = await createHttpClient(async () => await loadUndici(loaders));
    return await client.sendRequest(createPipelineRequest({ url, allowInsecureConnection: true }));
  };

  test("sends a request on a connection of its own", async () => {
    const server = await serve((_request, response) => response.end("ok"));
    expect(await get(server.url)).toMatchObject({ status: 200, bodyAsText: "ok" });
    await get(server.url);
    expect(server.opened).toBe(2);
    expect(server.requests.map(({ headers }) => headers.connection)).toEqual(["close", "close"]);
  });

  test("says why there is no connection", async () => {
    await expect(get(`http://127.0.0.1:${await unusedPort()}/`)).rejects.toHaveProperty(
      "code",
      "ECONNREFUSED",
    );
  });
});

test("the client alone is the same class, and is what is loaded", async () => {
  const whole = vi.fn(LOADERS.whole);
  expect((await loadUndici({ ...LOADERS, whole })).Client).toBe(Client);
  expect(whole).not.toHaveBeenCalled();
});
