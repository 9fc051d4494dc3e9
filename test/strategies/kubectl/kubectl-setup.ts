import { spawnSync } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { missingPart } from "../missing-part.js";
import { FakeApiServer, type FakeApiHooks } from "./fake-api-server.js";

/** Why kubectl cannot be run here. Where everything has to be tested it is an error. */
export function missingKubectl(): string | undefined {
  const { status } = spawnSync("kubectl", ["version", "--client"], {
    env: { PATH: process.env["PATH"], HOME: tmpdir() },
  });
  return status === 0
    ? undefined
    : missingPart("kubectl is not installed (apt-get install kubernetes-client)");
}

export interface FakeCluster extends AsyncDisposable {
  readonly api: FakeApiServer;
  /** May be changed while it runs. */
  readonly hooks: FakeApiHooks;
  /** Makes another context the current one; the empty one is none. */
  use(context: string): Promise<void>;
  /** For kubectl: it finds this server, and no other. */
  readonly environment: Readonly<Record<string, string>>;
}

export const NODE_LABELS = { "kubernetes.io/hostname": "host-1", "kubernetes.io/os": "linux" };

/** An API server on loopback with one node, and a kubeconfig for it in a folder that is HOME as well. */
export async function startCluster(hooks: FakeApiHooks = {}): Promise<FakeCluster> {
  const api = await FakeApiServer.start(hooks);
  const home = await mkdtemp(join(tmpdir(), "kubectl-"));
  const kubeconfig = join(home, "config");
  const config = {
    apiVersion: "v1",
    kind: "Config",
    clusters: [
      { name: "loopback", cluster: { server: api.url } },
      // Nothing listens there.
      { name: "elsewhere", cluster: { server: "http://127.0.0.1:1" } },
    ],
    users: [{ name: "tester", user: {} }],
    contexts: [
      { name: "here", context: { cluster: "loopback", user: "tester" } },
      { name: "there", context: { cluster: "elsewhere", user: "tester" } },
    ],
  };
  const use = async (context: string): Promise<void> =>
    await writeFile(kubeconfig, JSON.stringify({ ...config, "current-context": context }));
  await use("here");
  api.put("/api/v1/nodes/node-1", {
    metadata: { name: "node-1", labels: NODE_LABELS },
    spec: { providerID: "kind://docker/kind/node-1" },
    status: {
      conditions: [{ type: "Ready", status: "True" }],
      nodeInfo: { kubeletVersion: "v1.30.1" },
    },
  });
  return {
    api,
    hooks,
    use,
    environment: { PATH: process.env["PATH"] ?? "", HOME: home, KUBECONFIG: kubeconfig, NO_PROXY: "*" },
    async [Symbol.asyncDispose]() {
      await api[Symbol.asyncDispose]();
      await rm(home, { recursive: true, force: true });
    },
  };
}
