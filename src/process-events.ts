import { constants } from "node:os";

/**
 * Signals by which a process is asked to end.
 *
 * @public
 */
export type EndSignal = "SIGTERM" | "SIGINT" | "SIGHUP";

/** What the library asks of the process that it runs in. Tests bring their own. */
export interface ProcessEvents {
  readonly pid: number;
  /** Calls `listener` when the process exits by itself; not when a signal kills it. Returns its undo. */
  onExit(listener: () => void): () => void;
  /** Takes the place of what Node.js does at this signal, which is to end the process. Returns its undo. */
  onSignal(signal: EndSignal, listener: () => void): () => void;
  /** Listeners for this signal, whoever they are of. */
  listenerCount(signal: EndSignal): number;
  /** Ends this process by the signal, as if nobody had listened for it. */
  endBy(signal: EndSignal): void;
  /** Whether a process of this number is there, of whatever owner. */
  isAlive(pid: number): boolean;
}

export const processEvents: ProcessEvents = {
  pid: process.pid,
  onExit(listener) {
    process.on("exit", listener);
    return () => void process.off("exit", listener);
  },
  onSignal(signal, listener) {
    process.on(signal, listener);
    return () => void process.off(signal, listener);
  },
  listenerCount: (signal) => process.listenerCount(signal),
  endBy(signal) {
    // The first process of a container, which the kernel keeps from such signals unless it listens for them (kill(2)).
    if (process.pid === 1) process.exit(128 + constants.signals[signal]);
    process.kill(process.pid, signal);
  },
  isAlive(pid) {
    try {
      return process.kill(pid, 0);
    } catch (error) {
      // Without the right to signal it, it is there all the same.
      return error instanceof Error && "code" in error && error.code === "EPERM";
    }
  },
};
