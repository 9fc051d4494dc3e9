import { dirname, extname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { runDemo } from "./demo-command.js";
import { wantsColor } from "./demo-environment.js";

const here = fileURLToPath(import.meta.url);

const ending = new AbortController();
/** 128 and the number of the signal, as shells count it. */
const SIGNALS = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const;
let killed: number | undefined;
for (const [name, code] of Object.entries(SIGNALS)) {
  process.once(name, () => {
    killed ??= code;
    ending.abort();
  });
}
// Whoever reads has closed the pipe (`| head`): there is nobody to tell the rest.
process.stdout.on("error", () => ending.abort());

// No top-level await: this file is also built as CommonJS.
void runDemo(process.argv.slice(2), {
  out: (line) => void process.stdout.write(`${line}\n`),
  say: (text) => void process.stderr.write(`${text}\n`),
  color: wantsColor(process.env, process.stdout.isTTY),
  environment: process.env,
  worker: join(dirname(here), `worker${extname(here)}`),
  signal: ending.signal,
}).then((code) => {
  process.exitCode = killed ?? code;
});
