import { MAX_TIMER_MS, systemClock, type Clock } from "../clock.js";
import { socketProbe } from "../gate/socket-probe.js";
import { lineWriter } from "./line-writer.js";
import { waitForNameServers } from "./lookups.js";
import { runCli } from "./run-cli.js";
import { writeLine } from "./write-line.js";

/*
 * The executable `azure-identity-guard`. An exec probe starts it every few seconds: this file and what it imports are
 * built into one CommonJS file that loads nothing but parts of Node.js, until a command needs more.
 */

/** 128 and the number of the signal, as shells count it. */
const SIGNALS = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const;

/** Monotonic as well, and needs no part of Node.js that is not there yet. */
const sinceStart = (): number => process.uptime() * 1000;
const clock: Clock = { ...systemClock, elapsed: sinceStart };

/** They take their time, and end by a signal that they hear, as process 1 as well. The others leave signals to the system. */
const WAITING: readonly string[] = ["wait", "serve", "doctor", "demo"];

const argv = process.argv.slice(2);
const ending = new AbortController();
const ended = new Promise<void>((resolve) => {
  ending.signal.addEventListener("abort", () => resolve());
});
const end = (): void => ending.abort();
let killed: number | undefined;
let lost: Error | undefined;

const waits = WAITING.includes(argv[0] ?? "");
if (waits) {
  for (const [name, code] of Object.entries(SIGNALS)) {
    process.once(name, () => {
      killed ??= code;
      end();
    });
  }
}
const streams = waits
  ? { out: lineWriter(process.stdout, end), err: lineWriter(process.stderr, () => undefined) }
  : undefined;
const writeOut = (line: string): void => {
  lost ??= writeLine(1, line);
};

// What a command waits for keeps no process alive by itself.
setInterval(() => undefined, MAX_TIMER_MS);

void runCli(argv, {
  out: streams?.out.line ?? writeOut,
  err: streams?.err.line ?? ((line) => void writeLine(2, line)),
  environment: process.env,
  clock,
  probe: async (url, context) => {
    if (/[a-z]/iu.test(new URL(url).hostname)) waitForNameServers();
    return await socketProbe(url, context);
  },
  sinceStart,
  signal: ending.signal,
  isTerminal: () => process.stdout.isTTY,
})
  .catch((error: unknown) => {
    if (ending.signal.aborted) return 1;
    throw error;
  })
  .then(async (code) => {
    if (streams !== undefined && killed === undefined)
      await Promise.race([ended, Promise.all([streams.out.flushed(), streams.err.flushed()])]);
    // A probe has seen what it has seen, whoever reads it; of the others their text is what they are for.
    const unread = lost !== undefined && argv[0] !== "check";
    if (unread) writeLine(2, `standard output: ${lost?.message ?? ""}`);
    process.exit(killed ?? (unread && code === 0 ? 1 : code));
  });
