import { waitForNameServers } from "./lookups.js";
import type { RunCommand } from "./command.js";
import type * as Commands from "./commands.js";
import type * as Demo from "./demo.js";
import type * as Printers from "./printers.js";

/** Loads a file that is built beside the executable, as CommonJS. An import of `node:module` would load at each start. */
function load(path: "./commands.cjs" | "./printers.cjs"): unknown {
  const { createRequire } = process.getBuiltinModule("node:module");
  return (createRequire(import.meta.url) as (path: string) => unknown)(path);
}

/** Commands that need the library. */
export function fromLibrary(name: keyof typeof Commands): () => RunCommand {
  return () => {
    waitForNameServers();
    return (load("./commands.cjs") as typeof Commands)[name];
  };
}

/** Commands that print what would only be in the way of others. */
export function printers(): typeof Printers {
  return load("./printers.cjs") as typeof Printers;
}

/** An ES module, as its processes are. The path is a value, so that nobody builds the simulator into the executable. */
export async function demo(): Promise<RunCommand> {
  const path = "../demo/main.js";
  return ((await import(path)) as typeof Demo).demo;
}
