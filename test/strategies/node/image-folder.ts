import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Image } from "./cell-order.js";

/** Makes a folder with the programs of an image, for the PATH of its containers. */
export function imageFolder(folder: string, { programs = {} }: Image): string {
  mkdirSync(folder, { recursive: true });
  for (const [name, argv] of Object.entries(programs)) {
    const script = `#!/bin/sh\nexec ${argv.map(quoted).join(" ")} "$@"\n`;
    writeFileSync(join(folder, name), script, { mode: 0o755 });
  }
  return folder;
}

const quoted = (word: string): string => `'${word.replaceAll("'", `'\\''`)}'`;
