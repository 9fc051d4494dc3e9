import type { NodeSimulatorOptions } from "../../../../src/testing/simulator-options.js";
import { RIGHT, type Stage } from "./stage.js";

type Environment = Readonly<Record<string, string>>;

/** One identity plane, with what goes wrong in it before the first token and after it. */
export interface World {
  readonly name: string;
  readonly badStart: string;
  readonly badMiddle: string;
  /** The node as the pod finds it: already wrong. */
  readonly node: NodeSimulatorOptions;
  /** What the plane gives the pod, whoever asks. */
  readonly plane: (stage: Stage) => Environment;
  /** What tells the guard of the plane. The expected identity is told in every world. */
  readonly guard: (stage: Stage) => Environment;
  /** Where the bad start may bring the right token, too. Default: a day, for the wrong one to stay as long as in Azure. */
  readonly startTokens?: "short";
  /** The start goes wrong from here on, where the node alone does not say how. */
  readonly start?: (stage: Stage) => void;
  readonly recover: (stage: Stage) => Promise<void> | void;
  readonly break: (stage: Stage) => Promise<void> | void;
}

/** The node has an identity of its own, and nobody stands between the pod and IMDS. */
export const BARE_NODE = { nmi: { state: "down" }, systemAssigned: { name: "node" } } as const;

/** Where an application finds IMDS, or who is in its place. */
export const metadataAddress = ({ node }: Stage): Environment => ({
  AZURE_POD_IDENTITY_AUTHORITY_HOST: node.metadataUrl,
});

export const WORLDS: readonly World[] = [
  {
    name: "AAD Pod Identity",
    badStart: "NMI is not on the node yet: IMDS answers, as the node",
    badMiddle: "NMI exits, and takes its rule along",
    node: BARE_NODE,
    plane: metadataAddress,
    guard: ({ node }) => ({ AZURE_IDENTITY_GUARD_NMI_URL: node.healthUrl }),
    recover: async ({ node }) => await node.nmi.setState("active"),
    break: async ({ node }) => await node.nmi.exitGracefully({ graceMs: 0 }),
  },
  {
    name: "Workload ID's migration proxy",
    badStart: "the proxy says `ok` without its redirect: IMDS answers, as the node",
    badMiddle: "the redirect is flushed, and the proxy restarts without it",
    node: BARE_NODE,
    plane: metadataAddress,
    guard: ({ proxy }) => ({
      AZURE_IDENTITY_GUARD_GATE: "proxy",
      AZURE_IDENTITY_GUARD_PROXY_PORT: new URL(proxy.url).port,
    }),
    recover: async ({ node, proxy }) => await node.setRedirect(proxy),
    break: async ({ node, proxy }) => {
      await node.setRedirect(undefined);
      // Ends the connections that the application has kept from a moment ago; after hours there would be none.
      await proxy.stop();
      await proxy.resume();
    },
  },
  {
    name: "Workload ID",
    badStart: "one of three replicas of Entra ID knows the federated credential",
    badMiddle: "the federated credential is deleted",
    node: BARE_NODE,
    plane: (stage) => ({ ...metadataAddress(stage), ...stage.entra.environment }),
    // The variables that the webhook injects are enough.
    guard: () => ({}),
    startTokens: "short",
    start: ({ entra }) => {
      entra.federatedCredentials.remove(entra.identity);
      entra.federatedCredentials.add(entra.identity, { knownAfterMs: [Infinity, Infinity, 0] });
    },
    recover: ({ entra }) => void entra.federatedCredentials.add(entra.identity),
    break: ({ entra }) => entra.federatedCredentials.remove(entra.identity),
  },
  {
    name: "managed identity",
    badStart: "the machine's identity is not on yet: IMDS answers with the only other one",
    badMiddle: "the machine's identity is switched off, and IMDS answers with the other one",
    node: { nmi: { state: "down" }, podIdentities: [], nodeIdentities: [{ name: "node" }] },
    plane: metadataAddress,
    guard: () => ({}),
    recover: ({ node }) => void node.imds.setSystemAssigned(RIGHT),
    break: ({ node }) => void node.imds.setSystemAssigned(undefined),
  },
];
