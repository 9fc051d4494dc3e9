import type { Clock } from "../clock.js";
import type { EnvironmentValues } from "../config/environment.js";
import type { HttpProbe } from "../gate/http-probe.js";
import type { FlagRow } from "./flag-table.js";
import type { FlagValues } from "./parse-flags.js";

/** What every command answers with. Signals end a process with 128 and their number instead. */
export const EXIT = { ok: 0, failed: 1, usage: 2 } as const;

/** What a command needs of its surroundings. */
export interface CliIo {
  /** A line of what was asked for. */
  readonly out: (line: string) => void;
  /** A line about what went wrong. */
  readonly err: (line: string) => void;
  /** The process's variables, and what flags say in their place. */
  readonly environment: EnvironmentValues;
  readonly clock: Clock;
  readonly probe: HttpProbe;
  /** Milliseconds since the process began: the kubelet counts them, too. */
  readonly sinceStart: () => number;
  /** Aborts when the process is told to end. */
  readonly signal: AbortSignal;
  /** Whether standard output is one: only there is anything coloured or drawn anew. */
  readonly isTerminal: () => boolean;
}

export type RunCommand = (values: FlagValues, io: CliIo) => Promise<number>;

/** One command, as the help, the completion and the dispatcher know it. */
export interface CommandRow {
  /** One or two words. */
  readonly name: string;
  /** What follows it, for the first line of the help. */
  readonly operand?: string;
  /** The words that it takes, where there are only so many. */
  readonly choices?: readonly string[];
  readonly summary: string;
  /** For whom, and what it proves; lines of at most 80 characters. */
  readonly description: readonly string[];
  readonly examples: readonly (readonly [line: string, meaning: string])[];
  readonly flags: readonly FlagRow[];
  readonly exits: readonly (readonly [code: number, meaning: string])[];
  /** Loaded at need: what an exec probe does not use must cost it nothing. */
  readonly load: () => RunCommand | Promise<RunCommand>;
}
