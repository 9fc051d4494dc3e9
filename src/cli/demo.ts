import { dirname, extname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { RunCommand } from "./command.js";
import { runDemo } from "./demo-command.js";
import { runDemoPage } from "./demo-page/run-page.js";
import { wantsColor } from "./demo-environment.js";
import { usageError } from "./usage.js";

const here = fileURLToPath(import.meta.url);

/** `demo`: a simulated node, the plain SDK and the guard side by side. Built as a file of its own: it needs the simulator. */
export const demo: RunCommand = async (values, io) => {
  const { out, err, environment, signal, isTerminal } = io;
  const worker = join(dirname(here), `worker${extname(here)}`);
  const common = { out, say: err, json: values.has("--json"), environment, worker, signal };
  const port = values.read("--port", "port");
  if (values.has("--page")) return await runDemoPage({ ...common, port: port ?? 0 });
  if (port !== undefined) return usageError(io, "demo", ["--port is that of the page: give --page, too"]);
  return await runDemo({ ...common, color: wantsColor(environment, isTerminal()) });
};
