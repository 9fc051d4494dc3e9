import { existsSync } from "node:fs";
import { join, resolve } from "node:path";

/** The built package that the processes load; DIST_DIR names another folder of the same layout. */
export const DIST_DIR: string = resolve(process.env["DIST_DIR"] ?? "dist");

if (!existsSync(join(DIST_DIR, "index.js"))) {
  throw new Error(
    "These tests run the built package: run `npm run build` first, or set DIST_DIR to a build.",
  );
}
