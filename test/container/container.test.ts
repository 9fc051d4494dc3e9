import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { access, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { NodeSimulator } from "../../src/testing/node-simulator.js";
import { STRATEGIES } from "../../src/cli/manifests/strategies.js";
import { buildah, configuration, makeStandIn, missingTool, mounted } from "./buildah.js";
import { commandsOf } from "./printed-commands.js";

const run = promisify(execFile);
const RECIPES = new URL("../../examples/container/", import.meta.url).pathname;
const ROOT = new URL("../../", import.meta.url).pathname;

const NODE_IMAGE = "localhost/azure-identity-guard-test/node:stand-in";
const CLI_IMAGE = "localhost/azure-identity-guard-test/cli:test";
const APP_IMAGE = "localhost/azure-identity-guard-test/app:test";
/** The image that the pod identity guidance checks with: azure-cli, 712 MB. */
const AZURE_CLI_MB = 712;

const missing = missingTool();
if (missing !== undefined) {
  if (process.env["CI"] !== undefined) throw new Error(`The recipes cannot be built: ${missing}`);
  console.warn(`The recipes are not built: ${missing}`);
}

let folder = "";
beforeAll(async () => {
  if (missing !== undefined) return;
  folder = await mkdtemp(join(tmpdir(), "container-"));
  const { stdout } = await run("npm", ["pack", "--ignore-scripts", "--pack-destination", folder], {
    cwd: ROOT,
  });
  const tarball = stdout.trim().split("\n").at(-1) ?? "";
  await makeStandIn(NODE_IMAGE);
  const build = ["build", "--build-arg", `NODE_IMAGE=${NODE_IMAGE}`, "--volume", `${folder}:/packed:ro`];
  const cli = ["--build-arg", `PACKAGE=/packed/${tarball}`, "--file", join(RECIPES, "Containerfile")];
  await buildah(...build, "--tag", CLI_IMAGE, ...cli, folder);
  await writeApplication(`file:/packed/${tarball}`);
  const application = ["--file", join(RECIPES, "Containerfile.application")];
  await buildah(...build, "--tag", APP_IMAGE, ...application, join(folder, "app"));
});

afterAll(async () => {
  if (missing !== undefined) return;
  await buildah("rmi", "--force", CLI_IMAGE, APP_IMAGE, NODE_IMAGE);
  await rm(folder, { recursive: true, force: true });
});

/** An application with nothing but a dependency. */
async function writeApplication(dependency: string): Promise<void> {
  const app = join(folder, "app");
  await run("mkdir", ["-p", app]);
  const dependencies = { "azure-identity-guard": dependency, "@azure/identity": "4.13.1" };
  await writeFile(join(app, "package.json"), JSON.stringify({ name: "app", version: "1.0.0", dependencies }));
  await writeFile(
    join(app, "server.js"),
    'console.log(new (require("@azure/identity").DefaultAzureCredential)().health === undefined ? "plain" : "guarded")',
  );
  // The lock is made where the path of the tarball is the same.
  const argv = ["run", "--volume", `${folder}:/packed`, "--workingdir", "/packed/app"];
  const container = await buildah("from", NODE_IMAGE);
  await buildah(...argv, container, "--", "npm", "install", "--package-lock-only", "--no-audit", "--no-fund");
  await buildah("rm", container);
}

interface Ended {
  readonly code: number | null;
  readonly signal: string | null;
  readonly output: string;
}

/** Runs a command in an image, with its variables, on a root that cannot be written to; ends it once `until` shows. */
async function inImage(
  image: string,
  user: string,
  argv: readonly string[],
  environment: Readonly<Record<string, string>>,
  until?: string,
): Promise<Ended> {
  const { Env } = await configuration(image);
  const own = Object.fromEntries(Env.map((each) => each.split(/=(.*)/su).slice(0, 2) as [string, string]));
  await using files = await mounted(image);
  // The image's PATH is for its own command, and need not lead to chroot.
  const script =
    'mount --bind "$0" "$0" && mount -o remount,ro,bind "$0" && chroot=$(command -v chroot) && ' +
    'PATH="$2" exec "$chroot" --userspec="$1" "$0" "${@:3}"';
  const path = own["PATH"] ?? "";
  const child = spawn("unshare", ["--mount", "bash", "-c", script, files.root, user, path, ...argv], {
    env: { ...own, PATH: process.env["PATH"], ...environment },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let seen = "";
  const watch = (chunk: Buffer): void => {
    seen += chunk.toString();
    if (until !== undefined && seen.includes(until)) child.kill("SIGTERM");
  };
  child.stdout.on("data", watch);
  child.stderr.on("data", watch);
  const [[code, signal]] = await Promise.all([
    once(child, "exit") as Promise<[number | null, string | null]>,
    text(child.stdout),
    text(child.stderr),
  ]);
  return { code, signal, output: seen };
}

const cli = async (argv: readonly string[], environment = {}, until?: string): Promise<Ended> =>
  await inImage(CLI_IMAGE, "65532:65532", ["azure-identity-guard", ...argv], environment, until);

async function megabytes(image: string): Promise<number> {
  const [{ size }] = JSON.parse(await buildah("images", "--json", image)) as [{ readonly size: string }];
  const [, number = "", unit = ""] = /^([\d.]+) (\w+)$/u.exec(size) ?? [];
  return Number(number) * ({ MB: 1, GB: 1_000 }[unit] ?? Number.NaN);
}

describe.skipIf(missing !== undefined)("the image of the command line", () => {
  test("has a user, no shell, and says what it can do", async () => {
    expect(await configuration(CLI_IMAGE)).toMatchObject({
      User: "65532:65532",
      Entrypoint: ["azure-identity-guard"],
    });
    await using files = await mounted(CLI_IMAGE);
    for (const path of ["bin/sh", "usr/bin/sh", "usr/local/bin/npm", "usr/local/lib/node_modules"]) {
      await expect(access(join(files.root, path))).rejects.toThrow("ENOENT");
    }
    expect(await cli(["--help"])).toMatchObject({
      code: 0,
      output: expect.stringContaining("check nmi") as string,
    });
  });

  test("is a fraction of azure-cli's, as its page says", async () => {
    const size = await megabytes(CLI_IMAGE);
    expect(size).toBeLessThan(AZURE_CLI_MB / 4);
    const page = await readFile(join(RECIPES, "README.md"), "utf8");
    const [, said] = /\| command line alone +\| (\d+) MB/u.exec(page) ?? [];
    expect(Math.abs(Number(said) - size) / size).toBeLessThan(0.15);
  });

  test("looks at NMI, and gets a token, with nothing to write to", async () => {
    await using node = await NodeSimulator.start();
    expect(await cli(["check", "nmi"], node.environment)).toMatchObject({ code: 0 });
    const scope = ["--scope", "https://vault.azure.net/.default", "--expect-oid", node.identity.objectId];
    const waited = await cli(["wait", "token", "--timeout", "60s", ...scope], node.environment);
    expect(waited).toMatchObject({
      code: 0,
      output: expect.stringContaining(node.identity.objectId) as string,
    });
    await node.nmi.setState("not-active");
    expect(await cli(["check", "nmi"], node.environment)).toMatchObject({
      code: 1,
      output: expect.stringContaining("not-active") as string,
    });
  });

  test("ends at once when it is told to", async () => {
    await using node = await NodeSimulator.start({ nmi: { state: "down" } });
    expect(await cli(["wait", "nmi"], node.environment, "health-refused")).toMatchObject({ code: 143 });
  });
});

describe.skipIf(missing !== undefined)("an application's own image", () => {
  test("has the guard in front of it, and the command line beside it", async () => {
    await using node = await NodeSimulator.start();
    const { Cmd = [], User } = await configuration(APP_IMAGE);
    expect(User).toBe("node");
    const inApp = ["/bin/sh", "-c", 'cd /app && exec "$@"', "sh"];
    const started = await inImage(APP_IMAGE, "1000:1000", [...inApp, ...Cmd], node.environment);
    expect(started).toMatchObject({ code: 0, output: "guarded\n" });
    const check = ["azure-identity-guard", "check", "nmi"];
    expect(await inImage(APP_IMAGE, "1000:1000", check, node.environment)).toMatchObject({ code: 0 });
  });
});

/** The command lines of every printed pod, each once; a public Azure Resource Manager is nothing for a test. */
const PRINTED = commandsOf(Object.values(STRATEGIES)).filter(([text]) => !text.includes("wait arm"));
/** What ends a command that runs until it is told to. */
const SERVING = "serving probes";

describe.skipIf(missing !== undefined).each([CLI_IMAGE, APP_IMAGE])("in %s", (image) => {
  test.each(PRINTED)("%s of a printed pod runs as it stands there", async (_, argv) => {
    await using node = await NodeSimulator.start();
    const ended = await inImage(image, "1000:1000", argv, node.environment, SERVING);
    expect(ended).toMatchObject({ code: ended.output.includes(SERVING) ? 143 : 0 });
  });
});
