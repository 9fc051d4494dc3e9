import { createIdentity } from "../../../../src/testing/simulated-identity.js";
import { startEndpoint } from "../endpoint.js";
import { startNode } from "../node.js";
import { HEALTH_PORT, nodeAddress, POD, startPodNode, without, type World } from "./world.js";

/** Nodes with AAD Pod Identity. */
export const NMI_WORLDS: readonly World[] = [
  {
    situation: "NMI does not run on the node",
    first: "nmi-down",
    start: async (owned) => (await startPodNode(owned, { nmi: { state: "down" } })).environment,
  },
  {
    situation: "NMI says `Not Active`",
    first: "nmi-not-active",
    start: async (owned) => (await startPodNode(owned, { nmi: { state: "not-active" } })).environment,
  },
  {
    situation: "NMI has crashed",
    first: "nmi-crashed",
    async start(owned) {
      const { node, environment } = await startPodNode(owned);
      await node.nmi.crash();
      return environment;
    },
  },
  {
    situation: "NMI's rule was flushed, and NMI says `Active`",
    first: "nmi-rule-gone",
    async start(owned) {
      const { node, environment } = await startPodNode(owned);
      await node.nmi.dropRule({ restoredAfterMs: Infinity });
      return environment;
    },
  },
  {
    situation: "NMI shuts down in good order, and says `Active`",
    first: "nmi-rule-gone",
    async start(owned) {
      const { node, environment } = await startPodNode(owned);
      await node.nmi.exitGracefully({ graceMs: 600_000 });
      return environment;
    },
  },
  {
    situation: "the health URL names another process's port",
    first: "nmi-health-elsewhere",
    async start(owned) {
      const { environment } = await startPodNode(owned);
      const other = owned.own(await startEndpoint((_, response) => response.end("ok")));
      return { ...environment, AZURE_IDENTITY_GUARD_NMI_URL: `${other.url}/healthz` };
    },
  },
  {
    situation: "another process has NMI's usual port, and NMI an unusual one",
    first: "nmi-health-foreign",
    async start(owned) {
      const { environment } = await startPodNode(owned, { healthPort: 0 });
      const other = owned.own(await startEndpoint((_, response) => response.end("ok")));
      return { ...environment, AZURE_IDENTITY_GUARD_NMI_URL: `${other.url}/healthz` };
    },
  },
  {
    situation: "`HOST_IP` is missing under `AZURE_IDENTITY_GUARD_GATE=nmi`",
    first: "host-ip-missing",
    async start(owned) {
      const { environment } = await startPodNode(owned);
      return { ...without(environment, "HOST_IP"), AZURE_IDENTITY_GUARD_GATE: "nmi" };
    },
  },
  {
    situation: "`HOST_IP` is missing, and NMI answers unwatched",
    first: "host-ip-missing",
    start: async (owned) => without((await startPodNode(owned)).environment, "HOST_IP"),
  },
  {
    situation: "`HOST_IP` is another node's address, which refuses",
    first: "nmi-health-other-node",
    start: async (owned) => ({ ...(await startPodNode(owned)).environment, HOST_IP: nodeAddress() }),
  },
  {
    situation: "the health port hangs, and NMI answers token requests",
    first: "nmi-health-other-node",
    async start(owned) {
      const { node, environment } = await startPodNode(owned);
      node.faults.always("health", { kind: "hang" });
      return environment;
    },
  },
  {
    situation: "a network policy drops the health port, and NMI is gone",
    first: "health-blocked",
    async start(owned) {
      const { node, environment } = await startPodNode(owned);
      node.faults.always("health", { kind: "hang" });
      await node.nmi.dropRule({ restoredAfterMs: Infinity });
      return environment;
    },
  },
  {
    situation: "a network policy drops port 2579, and NMI is active",
    first: "nmi-token-port-blocked",
    async start(owned) {
      const { node, environment } = await startPodNode(owned);
      node.faults.always("metadata", { kind: "hang" });
      return environment;
    },
  },
  {
    situation: "the pod is on the host network",
    first: "host-network",
    async start(owned) {
      // The one address that this machine has, as such a pod has its node's.
      const node = owned.own(await startNode({ pods: [{ name: "app", hostNetwork: true }] }));
      return {
        ...POD,
        ...node.environment,
        AZURE_IDENTITY_GUARD_EXPECTED_OBJECT_ID: node.identity.objectId,
      };
    },
  },
  {
    situation: "the identity has not been assigned to the pod",
    first: "assignment-pending",
    async start(owned) {
      const { node, environment } = await startPodNode(owned);
      node.mic.unassign("app", node.identity);
      return environment;
    },
  },
  {
    situation: "the identity is assigned, and not on the machine yet",
    first: "identity-not-on-node",
    async start(owned) {
      const { node, environment } = await startPodNode(owned, { podIdentities: [] });
      node.mic.assign("app", node.identity, { imdsLagMs: 600_000 });
      return environment;
    },
  },
  {
    situation: "the client ID is written in capital letters",
    first: "client-id-case",
    async start(owned) {
      const { node, environment } = await startPodNode(owned);
      return { ...environment, AZURE_CLIENT_ID: node.identity.clientId.toUpperCase() };
    },
  },
  {
    situation: "the client ID is none of the pod's (managed mode)",
    first: "client-id-unknown",
    async start(owned) {
      const { environment } = await startPodNode(owned, { nmi: { mode: "managed" } });
      return { ...environment, AZURE_CLIENT_ID: createIdentity({ name: "other" }).clientId };
    },
  },
  {
    situation: "the pod's token is another principal's, which a cache kept",
    first: "wrong-identity",
    async start(owned) {
      const { node, environment } = await startPodNode(owned);
      node.imds.setStalePrincipal(node.identity, createIdentity({ name: "before" }).objectId);
      return environment;
    },
  },
  {
    situation: "an expired token is served from a cache",
    first: "token-expired",
    async start(owned) {
      const { node, environment } = await startPodNode(owned);
      node.imds.setTokens({ lifetimeMs: -60_000 });
      return environment;
    },
  },
  {
    situation: "`HTTP_PROXY` captures the metadata address for the plain SDK",
    first: "proxy-captures-metadata",
    async start(owned) {
      const { environment } = await startPodNode(owned);
      return { ...environment, HTTP_PROXY: "http://proxy.example:3128", NO_PROXY: "10.0.0.0/8,.svc" };
    },
  },
  {
    situation: "a client ID is expected where an object ID belongs",
    first: "expected-client-id",
    async start(owned) {
      const { node, environment } = await startPodNode(owned);
      return { ...environment, AZURE_IDENTITY_GUARD_EXPECTED_OBJECT_ID: node.identity.clientId };
    },
  },
  {
    situation: "one GUID is both the client ID and the expected object ID",
    first: "client-id-is-object-id",
    async start(owned) {
      const { node, environment } = await startPodNode(owned);
      return { ...environment, AZURE_CLIENT_ID: node.identity.objectId };
    },
  },
  {
    situation: "NMI is there, and its gate is off",
    first: "gate-off",
    start: async (owned) => ({
      ...(await startPodNode(owned)).environment,
      AZURE_IDENTITY_GUARD_GATE: "none",
    }),
  },
  {
    situation: "the name of a variable is misspelt",
    first: "setting-unknown",
    async start(owned) {
      const { environment } = await startPodNode(owned);
      return { ...environment, AZURE_IDENTITY_GUARD_EXPECTED_OBJECTID: "any" };
    },
  },
  {
    situation: "a service mesh writes its own name into answers",
    first: "answerer-unknown",
    async start(owned) {
      const { node, environment } = await startPodNode(owned);
      node.faults.always("nmi", { kind: "headers", set: { Server: "envoy" } });
      return environment;
    },
  },
  {
    situation: "a duration has no unit",
    first: "settings-unusable",
    async start(owned) {
      const { environment } = await startPodNode(owned);
      return { ...environment, AZURE_IDENTITY_GUARD_RETRY_BUDGET: "80" };
    },
  },
  {
    situation: "AAD Pod Identity, in order",
    first: undefined,
    async start(owned) {
      const { node, environment } = await startPodNode(owned);
      return { ...environment, AZURE_CLIENT_ID: node.identity.clientId };
    },
  },
  {
    situation: `AAD Pod Identity in managed mode, health at an unusual port, in order`,
    first: undefined,
    async start(owned) {
      const { node, environment } = await startPodNode(owned, { nmi: { mode: "managed" }, healthPort: 0 });
      expectUnusual(node.healthUrl);
      return { ...environment, AZURE_IDENTITY_GUARD_NMI_URL: node.healthUrl };
    },
  },
];

function expectUnusual(url: string): void {
  if (new URL(url).port === String(HEALTH_PORT)) throw new Error("The port was to be an unusual one.");
}
