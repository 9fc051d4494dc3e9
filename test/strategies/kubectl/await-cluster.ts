import { setTimeout as pause } from "node:timers/promises";
import { isFinal, isNotFound, type Kubectl } from "./kubectl.js";
import type { ContainerStatusJson, PodJson } from "./kubernetes-types.js";

/** A cluster did not get there in time, or cannot. */
export class ClusterError extends Error {}

export interface Waiting {
  readonly signal?: AbortSignal | undefined;
  /** Default five minutes: images are pulled meanwhile. */
  readonly limitMs?: number | undefined;
  /** Whether to look again after an error that may pass. Default `false`. */
  readonly persistent?: boolean | undefined;
}

/** From one look to the next; each time twice as long. */
const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 1_000;

/**
 * Looks again and again until there is something to return. `what` is for the error after `limitMs`, when a look that is
 * still under way is left to itself, with an aborted signal.
 */
export async function awaitCluster<T>(
  what: string,
  look: (signal: AbortSignal) => Promise<T | undefined>,
  { signal, limitMs = 300_000, persistent = false }: Waiting = {},
): Promise<T> {
  const limit = new AbortController();
  const timer = setTimeout(() => limit.abort(), limitMs);
  const over = signal === undefined ? limit.signal : AbortSignal.any([signal, limit.signal]);
  // A look need not heed the signal.
  let abort = (): void => undefined;
  const aborted = new Promise<never>((_, reject) => (abort = () => reject(over.reason)));
  aborted.catch(() => undefined);
  over.addEventListener("abort", abort, { once: true });
  let passing: unknown;
  try {
    over.throwIfAborted();
    for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(2 * pauseMs, LONGEST_PAUSE_MS)) {
      try {
        const found = await Promise.race([look(over), aborted]);
        if (found !== undefined) return found;
        passing = undefined;
      } catch (error) {
        if (over.aborted || !persistent || isFinal(error)) throw error;
        passing = error;
      }
      await pause(pauseMs, undefined, { signal: over });
    }
  } catch (error) {
    signal?.throwIfAborted();
    if (!limit.signal.aborted) throw error;
    const why = passing instanceof Error ? ` (${passing.message})` : "";
    throw new ClusterError(`${what}: not within ${limitMs / 1000} s${why}`);
  } finally {
    clearTimeout(timer);
    over.removeEventListener("abort", abort);
  }
}

/** Deletes, with all that belongs to it, and returns when it is gone. Errors that may pass do not end it. */
export async function removeAndAwait(kubectl: Kubectl, path: string, waiting: Waiting = {}): Promise<void> {
  let asked = false;
  const look = async (signal: AbortSignal): Promise<true | undefined> => {
    if (!asked) await kubectl.remove(`${path}?propagationPolicy=Foreground`, signal);
    asked = true;
    try {
      await kubectl.get(path, signal);
      return undefined;
    } catch (error) {
      if (isNotFound(error)) return true;
      throw error;
    }
  };
  await awaitCluster(`${path} is still there`, look, { ...waiting, persistent: true });
}

const HOPELESS = [
  "ErrImagePull",
  "ErrImageNeverPull",
  "ImagePullBackOff",
  "InvalidImageName",
  "ImageInspectError",
  "CreateContainerConfigError",
];

const containersOf = ({ status }: PodJson): readonly ContainerStatusJson[] => [
  ...(status?.initContainerStatuses ?? []),
  ...(status?.containerStatuses ?? []),
];

/** Why a container of a pod cannot be started, whatever is in it, in words; undefined while it may. */
export function whyNotStarted(pod: PodJson): string | undefined {
  for (const { name, state } of containersOf(pod)) {
    const { reason = "", message = "" } = state?.waiting ?? {};
    if (HOPELESS.includes(reason)) return `${name}: ${reason} ${message}`.trim();
  }
  return undefined;
}

/** Why a pod that should become ready by itself will not, in words; undefined while it may. */
export function troubleOf(pod: PodJson): string | undefined {
  const why = whyNotStarted(pod);
  if (why !== undefined) return why;
  for (const { name, state, lastState } of containersOf(pod)) {
    const ended = state?.terminated ?? lastState?.terminated;
    if (ended !== undefined && ended.exitCode !== 0) {
      return `${name} ended with exit code ${ended.exitCode}: ${ended.message?.trim() ?? "no message"}`;
    }
  }
  return undefined;
}
