import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { AppServiceSimulator } from "../../../../src/testing/app-service.js";
import { mintToken } from "../../../../src/testing/mint-token.js";
import { createIdentity } from "../../../../src/testing/simulated-identity.js";
import type { NodeSimulatorOptions } from "../../../../src/testing/simulator-options.js";
import type { FaultRequest } from "../../../../src/testing/fault-script.js";
import type { NodeSimulator } from "../../../../src/testing/node-simulator.js";
import { newFolder } from "../folder.js";
import type { Owned } from "../owned.js";
import { closedPort, POD, startPodNode, without, type Environment, type World } from "./world.js";

const SKEW_MS = 600_000;

/** A node without AAD Pod Identity. */
async function startMachine(
  owned: Owned,
  options: NodeSimulatorOptions = {},
): Promise<{ readonly node: NodeSimulator; readonly environment: Environment }> {
  const { node, environment } = await startPodNode(owned, { nmi: { state: "down" }, ...options });
  return { node, environment: without(environment, "HOST_IP") };
}

/** Planes without a gate, and none at all. */
export const OTHER_WORLDS: readonly World[] = [
  {
    situation: "nothing leads to the pod's identity, and the kubelet's answers",
    first: "wrong-identity",
    start: async (owned) => (await startMachine(owned, { podIdentities: [] })).environment,
  },
  {
    situation: "the machine has several identities, and none is named",
    first: "several-identities",
    start: async (owned) => (await startMachine(owned)).environment,
  },
  {
    situation: "the named identity is not on the machine",
    first: "identity-not-on-node",
    async start(owned) {
      const { node, environment } = await startMachine(owned, { podIdentities: [] });
      return { ...environment, AZURE_CLIENT_ID: node.identity.clientId };
    },
  },
  {
    situation: "IMDS throttles the node (429)",
    first: "throttled",
    async start(owned) {
      const { node, environment } = await startMachine(owned);
      node.imds.setLimits({ perSecond: 0 });
      return { ...environment, AZURE_CLIENT_ID: node.identity.clientId };
    },
  },
  {
    situation: "the node's clock is 10 min ahead",
    first: "clock-skew",
    async start(owned) {
      const { node, environment } = await startMachine(owned);
      const there = new Date(Date.now() - SKEW_MS).toUTCString();
      node.faults.always("imds", { kind: "headers", set: { Date: there } });
      return { ...environment, AZURE_CLIENT_ID: node.identity.clientId };
    },
  },
  {
    situation: "the node's clock is 10 min behind",
    first: "clock-skew",
    async start(owned) {
      const { node, environment } = await startMachine(owned);
      const there = new Date(Date.now() + SKEW_MS).toUTCString();
      node.faults.always("imds", { kind: "headers", set: { Date: there } });
      return { ...environment, AZURE_CLIENT_ID: node.identity.clientId };
    },
  },
  {
    situation: "`AZURE_TOKEN_CREDENTIALS` names no credential",
    first: "token-credentials-invalid",
    start: async (owned) => ({
      ...(await startMachine(owned)).environment,
      AZURE_TOKEN_CREDENTIALS: "bogus",
    }),
  },
  {
    situation: "in Kubernetes, nobody checks whose token comes",
    first: "unguarded",
    async start(owned) {
      const { environment } = await startMachine(owned, { podIdentities: [] });
      return without(environment, "AZURE_IDENTITY_GUARD_EXPECTED_OBJECT_ID");
    },
  },
  {
    situation: "IMDS is being updated (410)",
    first: "imds-updating",
    async start(owned) {
      const { node, environment } = await startMachine(owned);
      node.imds.setUpdating(410);
      return { ...environment, AZURE_CLIENT_ID: node.identity.clientId };
    },
  },
  {
    situation: "App Service does not have the named identity",
    first: "app-lacks-identity",
    async start(owned) {
      const { environment } = owned.own(await AppServiceSimulator.start());
      return { ...environment, AZURE_CLIENT_ID: createIdentity({ name: "other" }).clientId };
    },
  },
  {
    situation: "a service mesh hides who answers, and nobody answers in time",
    first: "token-pending",
    async start(owned) {
      const { node, environment } = await startMachine(owned);
      const forToken = ({ headers }: FaultRequest): boolean => headers["metadata"] === "true";
      node.faults.always("metadata", { kind: "headers", set: { Server: "envoy" } });
      node.faults.always("imds", { kind: "hang" }, { match: forToken });
      return { ...environment, AZURE_CLIENT_ID: node.identity.clientId };
    },
  },
  {
    situation: "IMDS meets an error of its own (500)",
    first: "token-refused",
    async start(owned) {
      const { node, environment } = await startMachine(owned);
      const body = {
        error: "unknown",
        error_description: "Failed to retrieve token from the Active directory.",
      };
      const headers = { Server: "IMDS/150.870.65.1854" };
      const forToken = ({ headers: fields }: FaultRequest): boolean => fields["metadata"] === "true";
      node.faults.always("imds", { kind: "status", status: 500, headers, body }, { match: forToken });
      return { ...environment, AZURE_CLIENT_ID: node.identity.clientId };
    },
  },
  {
    situation: "a network policy keeps the pod from the metadata address",
    first: "metadata-unreachable",
    start: async () => ({
      ...POD,
      AZURE_POD_IDENTITY_AUTHORITY_HOST: `http://127.0.0.1:${await closedPort()}`,
    }),
  },
  {
    situation: "a machine that is not on Azure",
    first: "no-plane",
    start: async () => ({ AZURE_POD_IDENTITY_AUTHORITY_HOST: `http://127.0.0.1:${await closedPort()}` }),
  },
  {
    situation: "a laptop, where a developer is logged in",
    first: "developer-login",
    async start(owned) {
      const folder = owned.own(await newFolder());
      const expiresOn = Math.floor(Date.now() / 1000) + 3_600;
      const accessToken = await mintToken({
        oid: createIdentity({ name: "developer" }).objectId,
        exp: expiresOn,
      });
      const answer = JSON.stringify({ accessToken, expires_on: expiresOn, tokenType: "Bearer" });
      await writeFile(join(folder.path, "az"), `#!/bin/sh\necho '${answer}'\n`, { mode: 0o755 });
      return {
        PATH: folder.path,
        AZURE_POD_IDENTITY_AUTHORITY_HOST: `http://127.0.0.1:${await closedPort()}`,
      };
    },
  },
  {
    situation: "the machine's own identity (IMDS), in order",
    first: undefined,
    async start(owned) {
      const { node, environment } = await startMachine(owned);
      return { ...environment, AZURE_CLIENT_ID: node.identity.clientId };
    },
  },
  {
    situation: "App Service, in order",
    first: undefined,
    async start(owned) {
      const appService = owned.own(await AppServiceSimulator.start({ systemAssigned: { name: "site" } }));
      return appService.environment;
    },
  },
];
