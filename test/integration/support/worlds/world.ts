import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { EntraSimulator } from "../../../../src/testing/entra.js";
import type { EntraSimulatorOptions } from "../../../../src/testing/entra-options.js";
import type { NodeSimulator } from "../../../../src/testing/node-simulator.js";
import type { NodeSimulatorOptions } from "../../../../src/testing/simulator-options.js";
import { startNode } from "../node.js";
import type { Owned } from "../owned.js";
import { IN_KUBERNETES } from "../setups.js";

export type Environment = Readonly<Record<string, string>>;

/** A place that a pod may find itself in. */
export interface World {
  readonly situation: string;
  /** The finding that has to come first; `undefined` where nothing is wrong. */
  readonly first: string | undefined;
  /** Sets it up, and tells the environment of a process in it. */
  readonly start: (owned: Owned) => Promise<Environment>;
}

/** What the kubelet gives to every pod. */
export const POD: Environment = { ...IN_KUBERNETES, HOSTNAME: "app-6d4b75cb6d-hs5gr" };

let nodes = 0;

/**
 * An address of a node: on loopback, all of which Linux answers on, and no address of this machine's interfaces. Each
 * process has its own, since NMI's health is at the same port everywhere.
 */
export function nodeAddress(): string {
  nodes += 1;
  return `127.${(process.pid >> 8) & 0xff}.${process.pid & 0xff}.${(nodes % 250) + 2}`;
}

export const HEALTH_PORT = 8085;

/** A node whose NMI's health is where the Helm chart has it; what its pods know of it. */
export async function startPodNode(
  owned: Owned,
  options: NodeSimulatorOptions = {},
): Promise<{ readonly node: NodeSimulator; readonly environment: Environment }> {
  const healthHost = nodeAddress();
  const node = owned.own(await startNode({ healthHost, healthPort: HEALTH_PORT, ...options }));
  const environment = {
    ...POD,
    HOST_IP: healthHost,
    AZURE_POD_IDENTITY_AUTHORITY_HOST: node.metadataUrl,
    AZURE_IDENTITY_GUARD_EXPECTED_OBJECT_ID: node.identity.objectId,
  };
  return { node, environment };
}

/** A pod that the Workload ID webhook injected. */
export async function startInjected(
  owned: Owned,
  options: EntraSimulatorOptions = {},
): Promise<{ readonly entra: EntraSimulator; readonly environment: Environment }> {
  const entra = owned.own(await EntraSimulator.start(options));
  const environment = {
    ...POD,
    ...entra.environment,
    AZURE_IDENTITY_GUARD_EXPECTED_OBJECT_ID: entra.identity.objectId,
  };
  return { entra, environment };
}

/** Without some variables. */
export function without(environment: Environment, ...names: readonly string[]): Environment {
  return Object.fromEntries(Object.entries(environment).filter(([name]) => !names.includes(name)));
}

/** A port that nobody listens on. */
export async function closedPort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
