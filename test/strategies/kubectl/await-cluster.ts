import { setTimeout as pause } from "node:timers/promises";
import { isNotFound, type Kubectl } from "./kubectl.js";
import type { PodJson } from "./kubernetes-types.js";

/** A cluster did not get there in time, or cannot. */
export class ClusterError extends Error {}

export interface Waiting {
  readonly signal?: AbortSignal | undefined;
  /** Default five minutes: images are pulled meanwhile. */
  readonly limitMs?: number | undefined;
}

/** From one look to the next; each time twice as long. */
const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 1_000;

/** Looks again and again until there is something to return. `what` is for the error after `limitMs`. */
export async function awaitCluster<T>(
  what: string,
  look: () => Promise<T | undefined>,
  { signal, limitMs = 300_000 }: Waiting = {},
): Promise<T> {
  const giveUpAt = performance.now() + limitMs;
  for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(2 * pauseMs, LONGEST_PAUSE_MS)) {
    const found = await look();
    if (found !== undefined) return found;
    if (performance.now() > giveUpAt) throw new ClusterError(`${what}: not within ${limitMs / 1000} s`);
    await pause(pauseMs, undefined, { signal });
  }
}

/** Deletes, with all that belongs to it, and returns when it is gone. */
export async function removeAndAwait(kubectl: Kubectl, path: string, waiting: Waiting = {}): Promise<void> {
  await kubectl.remove(`${path}?propagationPolicy=Foreground`, waiting.signal);
  const look = async (): Promise<true | undefined> => {
    try {
      await kubectl.get(path, waiting.signal);
      return undefined;
    } catch (error) {
      if (isNotFound(error)) return true;
      throw error;
    }
  };
  await awaitCluster(`${path} is still there`, look, waiting);
}

const HOPELESS = ["ErrImageNeverPull", "ImagePullBackOff", "InvalidImageName", "CreateContainerConfigError"];

/** Why a pod that should become ready by itself will not, in words; undefined while it may. */
export function troubleOf({ status }: PodJson): string | undefined {
  const { initContainerStatuses = [], containerStatuses = [] } = status ?? {};
  for (const { name, state, lastState } of [...initContainerStatuses, ...containerStatuses]) {
    const waiting = state?.waiting;
    if (waiting?.reason !== undefined && HOPELESS.includes(waiting.reason)) {
      return `${name}: ${waiting.reason} ${waiting.message ?? ""}`.trim();
    }
    const ended = state?.terminated ?? lastState?.terminated;
    if (ended !== undefined && ended.exitCode !== 0) {
      return `${name} ended with exit code ${ended.exitCode}: ${ended.message?.trim() ?? "no message"}`;
    }
  }
  return undefined;
}
