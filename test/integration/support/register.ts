import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { expect } from "vitest";
import { DIST_DIR } from "./dist.js";
import { startFixture, type Ended } from "./process.js";
import { WatchedProcess } from "./watched-process.js";

/** The ways to give `azure-identity-guard/register` to Node.js; `none` is the application alone. */
export type Way = "--import" | "--require" | "NODE_OPTIONS" | "none";

/** The built entry, by file: no package of this name is installed where the tests run. */
export const IMPORTED: string = pathToFileURL(join(DIST_DIR, "register.js")).href;
export const REQUIRED: string = join(DIST_DIR, "register.cjs");

/** What the application saw; see fixtures/register/use.mjs. */
export interface Told {
  readonly format: "esm" | "cjs";
  readonly main: boolean;
  readonly original: boolean;
  readonly named: boolean;
  readonly instance: boolean;
  readonly made: boolean;
  readonly extended: boolean;
  readonly asked?: boolean;
  readonly names: readonly string[];
  readonly outcome: "token" | "error";
  readonly oid?: string;
  readonly code?: string;
  readonly message?: string;
}

/** An application in a process of its own. When it ends, all that it wrote is searched for tokens. */
export class Application extends WatchedProcess {
  static async start(
    file: string,
    way: Way,
    environment: Readonly<Record<string, string>>,
  ): Promise<Application> {
    const release = await Application.turn();
    const variables = way === "NODE_OPTIONS" ? { NODE_OPTIONS: `--import ${IMPORTED}` } : {};
    const nodeArguments = way === "--import" ? [way, IMPORTED] : way === "--require" ? [way, REQUIRED] : [];
    const running = startFixture(file, { ...environment, ...variables }, { nodeArguments });
    return new Application(running, release);
  }

  /** Waits for the end, which is a good one. */
  async end(): Promise<Ended> {
    const ended = await this.ended();
    const { code, signal, stderr } = ended;
    expect({ code, signal, stderr: code === 0 ? "" : stderr }).toEqual({ code: 0, signal: null, stderr: "" });
    return ended;
  }

  /** What every run of the application told, in whichever process or thread. */
  async told(): Promise<readonly Told[]> {
    const { stdout } = await this.end();
    return stdout
      .split("\n")
      .filter((line) => line.startsWith("{"))
      .map((line) => JSON.parse(line) as Told)
      .sort((a, b) => a.format.localeCompare(b.format));
  }
}
