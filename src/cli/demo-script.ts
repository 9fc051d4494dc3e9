import type { Clock } from "../clock.js";
import type { NodeSimulator } from "../testing/node-simulator.js";
import type { NodeSimulatorOptions } from "../testing/simulator-options.js";
import type { NodeChanged, StepName } from "./demo-events.js";

/** What the script acts on. */
export interface Stage {
  readonly node: NodeSimulator;
  /** Makes both services ask for a token of this resource, now and every second from now on. */
  readonly ask: (resource: string) => void;
}

export interface Step {
  /** Milliseconds from the start. */
  readonly atMs: number;
  readonly name: StepName;
  readonly act: (stage: Stage) => Promise<void> | void;
}

export const KEY_VAULT = "https://vault.azure.net";
export const STORAGE = "https://storage.azure.com";

/**
 * The node's own identity is a system-assigned one. With a user-assigned one the early request would go wrong in the
 * same way, but later ones would fail with 400 once the pod's identity is attached beside it (Microsoft's "Managed
 * identities for Azure resources frequently asked questions" has the rule): another fault, less easy to follow.
 */
export const DEMO_NODE: NodeSimulatorOptions = {
  nmi: { state: "down" },
  podIdentities: [],
  nodeIdentities: [],
  systemAssigned: { name: "node" },
};

/** Longer than the script needs: the step after it ends the process. */
const EXIT_MS = 60_000;

/**
 * A scale-out, then a restart of NMI, with shorter phases than on a real node. The intervals at which NMI looks for an
 * assignment (5 s, aad-pod-identity cmd/nmi/main.go) and the guard looks at NMI are the real ones.
 */
export const DEMO_SCRIPT: readonly Step[] = Object.freeze([
  { atMs: 0, name: "nmi-absent", act: ({ ask }) => ask(KEY_VAULT) },
  { atMs: 3_000, name: "nmi-not-active", act: ({ node }) => node.nmi.setState("not-active") },
  { atMs: 5_000, name: "nmi-active", act: ({ node }) => node.nmi.setState("active") },
  { atMs: 9_000, name: "identity-assigned", act: ({ node }) => void node.mic.assign("app", node.identity) },
  { atMs: 14_000, name: "nmi-exits", act: ({ node }) => node.nmi.exitGracefully({ graceMs: EXIT_MS }) },
  { atMs: 15_000, name: "second-resource", act: ({ ask }) => ask(STORAGE) },
  { atMs: 16_000, name: "nmi-gone", act: ({ node }) => node.nmi.setState("down") },
  { atMs: 17_000, name: "nmi-returns", act: ({ node }) => node.nmi.setState("not-active") },
  { atMs: 18_000, name: "nmi-active-again", act: ({ node }) => node.nmi.setState("active") },
] satisfies readonly Step[]);

/** Plays `steps` from now on and reports each one as it begins. Rejects with `signal.reason` when `signal` aborts. */
export async function playScript(
  steps: readonly Step[],
  stage: Stage,
  ports: {
    readonly clock: Clock;
    readonly signal: AbortSignal;
    readonly report: (event: NodeChanged) => void;
  },
): Promise<void> {
  const { clock, signal, report } = ports;
  const start = clock.elapsed();
  for (const { atMs, name, act } of steps) {
    signal.throwIfAborted();
    const left = start + atMs - clock.elapsed();
    if (left > 0) await clock.sleep(left, signal, { keepAlive: true });
    report({ who: "node", type: "step", name, at: clock.now() });
    await act(stage);
  }
}
