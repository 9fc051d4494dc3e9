import { setTimeout as pause } from "node:timers/promises";
import { ClusterError } from "./await-cluster.js";
import { messageOf } from "./in-turn.js";
import { isFinal, KubectlError, type Kubectl } from "./kubectl.js";

/** What has ended is taken up again after this long; twice as long after each time that it failed. */
const AGAIN_MS = 250;
/**
 * How often it may fail in a row. The pauses take less than the slack that expectations have on a cluster; how long a server
 * takes to say no is up to it, and what is seen too late then is held against the strategy.
 */
const FAILURES = 3;

export interface Reading {
  readonly path: string;
  /** Whether there is nothing more once this has been read to its end. */
  readonly last: boolean;
}

/**
 * Lines of a watch or a log, which is taken up again where it ends or breaks off. `next` says where, and whether the one before
 * broke off; undefined: nowhere.
 *
 * @throws ClusterError where it cannot be had. `what` is for its words.
 */
export async function* lastingLines(
  kubectl: Kubectl,
  what: string,
  next: (brokeOff: boolean) => Reading | undefined,
  signal: AbortSignal,
): AsyncGenerator<string, void> {
  let failures = 0;
  while (!signal.aborted) {
    const reading = next(failures > 0);
    if (reading === undefined) return;
    try {
      for await (const line of kubectl.lines(reading.path, signal)) {
        failures = 0;
        yield line;
      }
      failures = 0;
      if (reading.last) return;
    } catch (error) {
      failures += 1;
      if (failures > FAILURES || isFinal(error) || !(error instanceof KubectlError))
        throw new ClusterError(`${what} cannot be had: ${messageOf(error)}`);
    }
    await pause(AGAIN_MS * 2 ** failures, undefined, { signal }).catch(() => undefined);
  }
}
