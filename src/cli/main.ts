import { MAX_TIMER_MS, systemClock, type Clock } from "../clock.js";
import { socketProbe } from "../gate/socket-probe.js";
import { lineWriter } from "./line-writer.js";
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

const argv = process.argv.slice(2);
const ending = new AbortController();
const ended = new Promise<void>((resolve) => {
  ending.signal.addEventListener("abort", () => resolve());
});
const end = (): void => ending.abort();
let killed: number | undefined;

// Probes leave signals alone, since the kubelet never asks them to end, and write at once, without the streams that take
// a part of their time to make. As an init container a command is process 1, which has to listen to be ended at all.
const isProbe = argv[0] === "check";
if (!isProbe) {
  for (const [name, code] of Object.entries(SIGNALS)) {
    process.once(name, () => {
      killed ??= code;
      end();
    });
  }
}
const err = isProbe ? undefined : lineWriter(process.stderr, () => undefined);
const out = isProbe
  ? undefined
  : lineWriter(process.stdout, end, ({ message }) => err?.line(`standard output: ${message}`));

// What a command waits for keeps no process alive by itself.
setInterval(() => undefined, MAX_TIMER_MS);

void runCli(argv, {
  out: out?.line ?? ((line) => writeLine(1, line)),
  err: err?.line ?? ((line) => writeLine(2, line)),
  environment: process.env,
  clock,
  probe: socketProbe,
  sinceStart,
  signal: ending.signal,
  isTerminal: () => process.stdout.isTTY,
})
  .catch((error: unknown) => {
    if (ending.signal.aborted) return 1;
    throw error;
  })
  .then(async (code) => {
    if (killed === undefined) await Promise.race([ended, Promise.all([out?.flushed(), err?.flushed()])]);
    // Not by itself: a look-up of a name that nobody waits for any more would keep the process.
    process.exit(killed ?? code);
  });
