import { systemClock } from "../../../../src/clock.js";
import { MigrationProxy } from "../../../../src/testing/proxy.js";
import { createIdentity } from "../../../../src/testing/simulated-identity.js";
import type { Owned } from "../owned.js";
import { closedPort, startInjected, startPodNode, without, type Environment, type World } from "./world.js";

const HOUR_MS = 3_600_000;

/** A pod with the migration proxy, and a node whose own identity answers whoever is not redirected. */
async function startProxied(
  owned: Owned,
  redirect: boolean,
): Promise<{ readonly proxy: MigrationProxy; readonly environment: Environment }> {
  const { entra } = await startInjected(owned);
  const { node, environment } = await startPodNode(owned, {
    nmi: { state: "down" },
    systemAssigned: { name: "node" },
  });
  const proxy = owned.own(await MigrationProxy.start({ entra }));
  if (redirect) await node.setRedirect(proxy);
  return {
    proxy,
    environment: {
      ...environment,
      AZURE_IDENTITY_GUARD_GATE: "proxy",
      AZURE_IDENTITY_GUARD_PROXY_PORT: new URL(proxy.url).port,
      AZURE_IDENTITY_GUARD_EXPECTED_OBJECT_ID: entra.identity.objectId,
    },
  };
}

/** Pods with Microsoft Entra Workload ID, and with its migration proxy. */
export const WORKLOAD_WORLDS: readonly World[] = [
  {
    situation: "Workload ID is asked for, and the pod's label is missing",
    first: "workload-id-not-injected",
    async start(owned) {
      const { environment } = await startPodNode(owned, { nmi: { state: "down" }, podIdentities: [] });
      return { ...without(environment, "HOST_IP"), AZURE_IDENTITY_GUARD_GATE: "workload-identity" };
    },
  },
  {
    situation: "the service account has no client ID annotated",
    first: "workload-id-half-injected",
    start: async (owned) => without((await startInjected(owned)).environment, "AZURE_CLIENT_ID"),
  },
  {
    situation: "the webhook set all but the token file",
    first: "workload-id-half-injected",
    async start(owned) {
      const { environment } = await startPodNode(owned, { nmi: { state: "down" }, podIdentities: [] });
      const injected = await startInjected(owned);
      return {
        ...without(environment, "HOST_IP"),
        ...without(injected.environment, "AZURE_FEDERATED_TOKEN_FILE"),
      };
    },
  },
  {
    situation: "the token file is not mounted",
    first: "token-file-missing",
    async start(owned) {
      const { entra, environment } = await startInjected(owned);
      entra.tokenFile.remove();
      return environment;
    },
  },
  {
    situation: "the token file cannot be read",
    first: "token-file-unreadable",
    async start(owned) {
      const { entra, environment } = await startInjected(owned);
      entra.tokenFile.makeUnreadable();
      return environment;
    },
  },
  {
    situation: "the token file is stale",
    first: "token-file-stale",
    async start(owned) {
      const { entra, environment } = await startInjected(owned);
      await entra.tokenFile.rotate({ issuedAgoMs: 2 * HOUR_MS });
      return environment;
    },
  },
  {
    situation: "the service account token is for the API server",
    first: "wrong-audience",
    async start(owned) {
      const { entra, environment } = await startInjected(owned);
      await entra.tokenFile.rotate({ audience: "https://kubernetes.default.svc" });
      return environment;
    },
  },
  {
    situation: "the identity has no federated credential",
    first: "federated-credential-missing",
    start: async (owned) => (await startInjected(owned, { federatedCredentials: [] })).environment,
  },
  {
    situation: "the federated credential is for another service account",
    first: "federated-credential-subject",
    start: async (owned) =>
      (
        await startInjected(owned, {
          federatedCredentials: [{ subject: "system:serviceaccount:default:other" }],
        })
      ).environment,
  },
  {
    situation: "the federated credential's issuer lacks the slash at its end",
    first: "federated-credential-issuer",
    async start(owned) {
      const { entra, environment } = await startInjected(owned, { federatedCredentials: [] });
      entra.federatedCredentials.add(entra.identity, { issuer: entra.cluster.url.replace(/\/$/u, "") });
      return environment;
    },
  },
  {
    situation: "the federated credential is for another audience",
    first: "federated-credential-audience",
    start: async (owned) =>
      (await startInjected(owned, { federatedCredentials: [{ audience: "api://other" }] })).environment,
  },
  {
    situation: "Entra ID cannot reach the cluster's issuer",
    first: "issuer-unreachable",
    async start(owned) {
      const { entra, environment } = await startInjected(owned);
      entra.cluster.setReachable(false);
      return environment;
    },
  },
  {
    situation: "the annotated client ID is unknown in the tenant",
    first: "application-not-found",
    async start(owned) {
      const { environment } = await startInjected(owned);
      return { ...environment, AZURE_CLIENT_ID: createIdentity({ name: "deleted" }).clientId };
    },
  },
  {
    situation: "a firewall opens the encryption on the way to Entra ID",
    first: "entra-certificate",
    start: async (owned) => without((await startInjected(owned)).environment, "NODE_EXTRA_CA_CERTS"),
  },
  {
    situation: "a firewall keeps the pod from Entra ID",
    first: "entra-unreachable",
    async start(owned) {
      const { environment } = await startInjected(owned);
      const nowhere = `127.0.0.1:${await closedPort()}`;
      return {
        ...environment,
        AZURE_AUTHORITY_HOST: `https://${nowhere}/`,
        HTTPS_PROXY: `http://${nowhere}`,
      };
    },
  },
  {
    situation: "the node's clock is 2 h behind, and Entra ID finds the token expired",
    first: "clock-skew",
    async start(owned) {
      const clock = { ...systemClock, now: () => Date.now() + 2 * HOUR_MS };
      const { entra, environment } = await startInjected(owned, { clock });
      await entra.tokenFile.rotate({ issuedAgoMs: 2 * HOUR_MS });
      const there = new Date(clock.now()).toUTCString();
      entra.faults.always("entra", { kind: "headers", set: { Date: there } });
      return environment;
    },
  },
  {
    situation: "the migration proxy is up, and its redirect is missing",
    first: "proxy-redirect-missing",
    start: async (owned) => (await startProxied(owned, false)).environment,
  },
  {
    situation: "the migration proxy has ended",
    first: "proxy-down",
    async start(owned) {
      const { proxy, environment } = await startProxied(owned, true);
      await proxy.stop();
      return environment;
    },
  },
  {
    situation: "a client secret is left over in a pod with Workload ID",
    first: "secret-comes-first",
    async start(owned) {
      const secret = "left-over";
      const { environment } = await startInjected(owned, {
        application: { name: "app", kind: "app-registration", secret },
      });
      return { ...environment, AZURE_CLIENT_SECRET: secret };
    },
  },
  {
    situation: "a client secret alone, in order",
    first: undefined,
    async start(owned) {
      const secret = "kept";
      const { environment } = await startInjected(owned, {
        application: { name: "app", kind: "app-registration", secret },
      });
      return { ...without(environment, "AZURE_FEDERATED_TOKEN_FILE"), AZURE_CLIENT_SECRET: secret };
    },
  },
  {
    situation: "`HTTPS_PROXY` has no scheme, and a client secret is to be used",
    first: "proxy-without-scheme",
    async start(owned) {
      const { environment } = await startInjected(owned);
      return {
        ...without(environment, "AZURE_FEDERATED_TOKEN_FILE"),
        AZURE_CLIENT_SECRET: "kept",
        HTTPS_PROXY: "10.0.0.1:3128",
      };
    },
  },
  {
    situation: "`HTTPS_PROXY` has no scheme in a pod with Workload ID",
    first: "proxy-without-scheme",
    start: async (owned) => ({ ...(await startInjected(owned)).environment, HTTPS_PROXY: "localhost:3128" }),
  },
  {
    situation: "Workload ID, in order",
    first: undefined,
    start: async (owned) => (await startInjected(owned)).environment,
  },
  {
    situation: "the migration proxy, in order",
    first: undefined,
    start: async (owned) => (await startProxied(owned, true)).environment,
  },
];
