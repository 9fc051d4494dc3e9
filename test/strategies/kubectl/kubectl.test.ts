import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { eventually } from "../../integration/support/eventually.js";
import { isFinal, isNotFound, Kubectl, KubectlError } from "./kubectl.js";
import { missingKubectl, startCluster } from "./kubectl-setup.js";

const missing = missingKubectl();
const PODS = "/api/v1/namespaces/default/pods";

describe.skipIf(missing !== undefined)("kubectl", { timeout: 120_000 }, () => {
  test("gets, creates, replaces and removes, with the bodies that it was given", async () => {
    await using cluster = await startCluster();
    const { api, environment } = cluster;
    const kubectl = new Kubectl({ environment });
    api.put("/api/v1/namespaces/default", { metadata: { name: "default" } });
    const body = { kind: "ConfigMap", metadata: { name: "one" }, data: { text: "äö\n".repeat(20_000) } };
    const maps = "/api/v1/namespaces/default/configmaps";
    expect(await kubectl.create(maps, body)).toMatchObject({ data: body.data });
    await kubectl.replace(`${maps}/one`, { ...body, data: { text: "" } });
    expect(await kubectl.get(`${maps}/one`)).toMatchObject({ data: { text: "" } });
    await kubectl.remove(`${maps}/one`);
    await kubectl.remove(`${maps}/none`);
    expect(api.changes).toEqual([
      `POST ${maps}`,
      `PUT ${maps}/one`,
      `DELETE ${maps}/one`,
      `DELETE ${maps}/none`,
    ]);
  });

  test("fails with the server's word for it", async () => {
    await using cluster = await startCluster();
    const kubectl = new Kubectl({ environment: cluster.environment });
    const error: unknown = await kubectl.get(`${PODS}/app`).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(KubectlError);
    expect(isNotFound(error)).toBe(true);
    cluster.hooks.refuse = () => "Forbidden";
    await expect(kubectl.get(PODS)).rejects.toMatchObject({ reason: "Forbidden" });
    await expect(kubectl.remove(PODS)).rejects.toMatchObject({ reason: "Forbidden" });
  });

  test.each(["Forbidden", "Unauthorized", "Invalid", "Conflict", "ServiceUnavailable"])(
    "knows %s by kubectl's words for it",
    async (reason) => {
      await using cluster = await startCluster({ refuse: () => reason });
      const kubectl = new Kubectl({ environment: cluster.environment });
      const error: unknown = await kubectl.replace(PODS, {}).catch((thrown: unknown) => thrown);
      expect(error).toMatchObject({ reason });
      expect(isFinal(error)).toBe(!["Conflict", "ServiceUnavailable"].includes(reason));
    },
  );

  test("that is not there fails, and does not wait", async () => {
    const kubectl = new Kubectl({ program: "/nowhere/kubectl", environment: {} });
    await expect(kubectl.get(PODS)).rejects.toThrow("ENOENT");
    const lines = kubectl.lines(PODS, new AbortController().signal);
    await expect(lines.next()).rejects.toThrow("ENOENT");
  });

  test("stays with the context that was the current one", async () => {
    await using cluster = await startCluster();
    const { kubectl, target } = await new Kubectl({ environment: cluster.environment }).pinned();
    expect(target).toEqual({ context: "here", server: cluster.api.url });
    await cluster.use("there");
    await kubectl.get("/api/v1/nodes");
    expect(cluster.api.requests.map(({ url }) => url)).toContain("/api/v1/nodes");
  });

  test("says which contexts there are where none is chosen, or one that there is not", async () => {
    await using cluster = await startCluster();
    await cluster.use("");
    const { environment } = cluster;
    await expect(new Kubectl({ environment }).pinned()).rejects.toThrow("one of: here, there");
    const unknown = new Kubectl({ environment, context: "nowhere" });
    await expect(unknown.pinned()).rejects.toThrow('no context "nowhere"');
  });

  test("passes lines on as they come, until nobody wants more", async () => {
    await using cluster = await startCluster();
    const { api, environment } = cluster;
    api.put("/api/v1/namespaces/default", { metadata: { name: "default" } });
    api.put(`${PODS}/app`, { metadata: { name: "app" } });
    const enough = new AbortController();
    const seen: string[] = [];
    const following = (async () => {
      const log = `${PODS}/app/log?container=app&follow=true`;
      for await (const line of new Kubectl({ environment }).lines(log, enough.signal)) seen.push(line);
    })();
    await eventually(() => api.streams === 1);
    api.log(`${PODS}/app`, "app", "one");
    await eventually(() => seen.length === 1);
    api.log(`${PODS}/app`, "app", "two");
    await eventually(() => seen.length === 2);
    enough.abort();
    await following;
    expect(seen).toEqual(["one", "two"]);
    await eventually(() => api.streams === 0);
  });

  test("is not run for who has gone already", async () => {
    await using cluster = await startCluster();
    const kubectl = new Kubectl({ environment: cluster.environment });
    await expect(kubectl.get(PODS, AbortSignal.abort())).rejects.toThrow("abort");
    expect(cluster.api.requests).toEqual([]);
  });
});

// Else it ends with the plugin, long after the test.
test(
  "a kubectl that does not answer is ended, with the plugin that it waits for",
  { timeout: 30_000 },
  async () => {
    const folder = await mkdtemp(join(tmpdir(), "kubectl-"));
    onTestFinished(async () => await rm(folder, { recursive: true }));
    const program = join(folder, "kubectl");
    // The child has its pipes, as a plugin that asks for a login would.
    await writeFile(program, "#!/bin/sh\nsleep 600 &\nwait\n", { mode: 0o755 });
    const kubectl = new Kubectl({ program, environment: { PATH: process.env["PATH"] }, answerMs: 100 });
    await expect(kubectl.get(PODS)).rejects.toThrow("no answer within 0.1 s");
    await expect(kubectl.create(PODS, {})).rejects.toThrow(KubectlError);
  },
);
