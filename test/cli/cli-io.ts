import type { CliIo } from "../../src/cli/command.js";
import { ManualClock } from "../../src/testing/manual-clock.js";

/** The surroundings of a command, in the hand of a test. */
export interface TestIo extends CliIo {
  readonly clock: ManualClock;
  /** Lines on standard output. */
  readonly said: readonly string[];
  /** Lines on standard error. */
  readonly complained: readonly string[];
  /** As a signal to the process does. */
  readonly end: () => void;
}

/** Nothing is set, nobody answers, and time stands still, until the test says otherwise. */
export function testIo(given: Partial<Omit<CliIo, "clock" | "signal">> = {}): TestIo {
  const ending = new AbortController();
  const said: string[] = [];
  const complained: string[] = [];
  return {
    out: (text) => void said.push(...text.split("\n")),
    err: (text) => void complained.push(...text.split("\n")),
    environment: {},
    clock: new ManualClock({ turns: 5 }),
    probe: async () => await new Promise(() => undefined),
    sinceStart: () => 0,
    signal: ending.signal,
    isTerminal: () => false,
    ...given,
    said,
    complained,
    end: () => ending.abort(),
  };
}
