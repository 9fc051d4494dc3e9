#!/usr/bin/env node
import { run } from "./simulator-command.js";

const terminated = new Promise<void>((resolve) => {
  for (const signal of ["SIGTERM", "SIGINT"] as const) process.once(signal, () => resolve());
});

// No top-level await: this file is also built as CommonJS.
void run(process.argv.slice(2), {
  out: (line) => void process.stdout.write(`${line}\n`),
  say: (text) => void process.stderr.write(`${text}\n`),
  terminated,
}).then((code) => {
  process.exitCode = code;
});
