import { setTimeout as sleep } from "node:timers/promises";
import { systemClock } from "../../../src/clock.js";
import { runCommand } from "../../../src/testing/control-commands.js";
import { NodeSimulator } from "../../../src/testing/node-simulator.js";
import type { PodInit } from "../../../src/testing/pods.js";
import { readPod } from "../kubelet/manifest.js";
import { Pod } from "../kubelet/pod.js";
import { REQUEST_KINDS, requestKindOf, type RequestKind } from "../request-kinds.js";
import type { NodeAction } from "../scenario.js";
import type { StateEvent, TimelineEvent, TokenEvent } from "../timeline.js";
import { identityIn } from "../token-line.js";
import { UNLABELLED } from "../unlabelled-pod.js";
import type { NodeOrder } from "./cell-order.js";
import { LocalRuntime } from "./local-runtime.js";

/** An event without its time. */
type Untimed = TimelineEvent extends infer E ? (E extends unknown ? Omit<E, "at"> : never) : never;

/** From one look at the node to the next: each wakes it, and costs as much as a second in which a cell does something. */
const FOLLOW_MS = 5000;

/**
 * The process on the node: the simulated identity plane and the kubelet. It runs by the cell's clock, which virtual-time.cjs
 * puts in place of the machine's, and writes what it sees as lines of JSON.
 */
export async function runNode(order: NodeOrder): Promise<void> {
  const { cell, place } = order;
  const manifest = readPod(cell.manifest);
  const labelled = manifest.metadata.labels["aadpodidbinding"] !== undefined && cell.labelled;
  await using simulator = await NodeSimulator.start({
    healthHost: place.hostIP,
    healthPort: 8085,
    metadataHost: place.metadata.host,
    metadataPort: place.metadata.port,
    pods: podsOf(labelled, place),
    // Nobody here checks signatures, and the key for them takes a while to make.
    imds: { tokens: { format: "unsigned" } },
    maxRequests: 1_000_000,
  });
  await act(simulator, cell.given);

  const createdAt = performance.now();
  const at = (): number => Math.round(performance.now() - createdAt) / 1000;
  const see = (event: Untimed): void => {
    process.stdout.write(`${JSON.stringify({ at: at(), ...event })}\n`);
  };
  const identities = new Map<string, TokenEvent["identity"]>();
  const runtime = new LocalRuntime(order, (container, line) => {
    const identity = identityIn(line);
    if (identity === undefined || identities.get(container) === identity) return;
    identities.set(container, identity);
    see({ kind: "token", identity });
  });
  const pod = new Pod(manifest, {
    place: { ...place, nodeName: "node", uid: "00000000-0000-4000-8000-000000000000" },
    runtime,
    clock: systemClock,
    seen: see,
  });
  const requests = new RequestCounts(simulator, see);
  const states = new NodeStates(simulator, see);
  try {
    states.tell();
    void follow();
    await Promise.race([pod.run().then(async () => await new Promise<never>(() => undefined)), steps()]);
    requests.tell();
    states.tell();
  } finally {
    runtime.close();
  }

  async function follow(): Promise<void> {
    // Between whole seconds, which probes are made at: what happens at once has to be put in an order.
    for (let wait = FOLLOW_MS / 2; ; wait = FOLLOW_MS) {
      await sleep(wait);
      requests.tell();
      states.tell();
    }
  }

  async function steps(): Promise<void> {
    for (const { at: seconds, step, actions } of cell.steps) {
      await sleep(seconds * 1000 - (performance.now() - createdAt));
      see({ kind: "node", step });
      await act(simulator, actions);
      states.tell();
    }
    await sleep(cell.lasts * 1000 - (performance.now() - createdAt));
  }
}

function podsOf(labelled: boolean, { podIP, toldApart }: NodeOrder["place"]): readonly PodInit[] {
  const addresses = toldApart ? { addresses: [podIP] } : {};
  if (labelled) return [{ name: "app", ...addresses }];
  const [bound, unlabelled] = UNLABELLED;
  return [bound, { ...unlabelled, ...addresses }];
}

async function act(simulator: NodeSimulator, actions: readonly NodeAction[]): Promise<void> {
  for (const { to, body } of actions) {
    // Its stand-in is told ahead (matrix-cells.ts), since it lives in the pod.
    if (to !== "arm") await runCommand(simulator, `/${to}`, body);
  }
}

/** Tells what NMI is like, and what a gate would see, where it has changed. */
class NodeStates {
  readonly #simulator: NodeSimulator;
  readonly #see: (event: Untimed) => void;
  readonly #told = new Map<StateEvent["lane"], string>();

  constructor(simulator: NodeSimulator, see: (event: Untimed) => void) {
    this.#simulator = simulator;
    this.#see = see;
  }

  tell(): void {
    const { state, health, ruleInstalled } = this.#simulator.nmi;
    const gate = health !== "Active" ? "closed" : ruleInstalled ? "open" : "bypassed";
    for (const [lane, value] of [
      ["nmi", state],
      ["gate", gate],
    ] as const) {
      if (this.#told.get(lane) === value) continue;
      this.#told.set(lane, value);
      this.#see({ kind: "state", lane, value });
    }
  }
}

/** Tells how many requests there were, where there were more. */
class RequestCounts {
  readonly #simulator: NodeSimulator;
  readonly #see: (event: Untimed) => void;
  readonly #told = new Map<RequestKind, number>();

  constructor(simulator: NodeSimulator, see: (event: Untimed) => void) {
    this.#simulator = simulator;
    this.#see = see;
  }

  tell(): void {
    const kinds = this.#simulator.requests.map(requestKindOf);
    for (const of of REQUEST_KINDS) {
      const total = kinds.filter((kind) => kind === of).length;
      if (total === (this.#told.get(of) ?? 0)) continue;
      this.#told.set(of, total);
      this.#see({ kind: "requests", of, total });
    }
  }
}
