import { createInterface } from "node:readline/promises";
import { runOnCluster } from "./kubectl/run.js";

// The first signal cleans up; whoever sends it again means it.
const cutOff = new AbortController();
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => cutOff.abort());

async function ask(question: string): Promise<boolean> {
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  // In a terminal's hands Ctrl-C is a key.
  terminal.once("SIGINT", () => cutOff.abort());
  const left = new AbortController();
  terminal.once("close", () => left.abort());
  const signal = AbortSignal.any([cutOff.signal, left.signal]);
  try {
    return /^y(?:es)?$/iu.test((await terminal.question(question, { signal })).trim());
  } catch (error) {
    if (left.signal.aborted) return false;
    throw error;
  } finally {
    terminal.close();
  }
}

process.exitCode = await runOnCluster(process.argv.slice(2), {
  cells: [],
  environment: process.env,
  say: (text) => void process.stdout.write(`${text}\n`),
  ask: process.stdin.isTTY ? ask : undefined,
  signal: cutOff.signal,
});
