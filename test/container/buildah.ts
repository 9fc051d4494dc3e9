import { execFile, spawnSync } from "node:child_process";
import { cp, mkdir, readFile, realpath, stat, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

/** Root is no demand of images, but of building them without any configuration (`--isolation chroot`). */
export function missingTool(): string | undefined {
  if (process.getuid?.() !== 0) return "building images without configuration needs root";
  const { status } = spawnSync("buildah", ["--version"]);
  return status === 0 ? undefined : "buildah is not installed (apt-get install buildah)";
}

export async function buildah(...argv: readonly string[]): Promise<string> {
  const options = { env: { ...process.env, BUILDAH_ISOLATION: "chroot" }, maxBuffer: 16 * 1024 * 1024 };
  const { stdout } = await run("buildah", argv, options);
  return stdout.trim();
}

/** The files of an image, for as long as they are looked at. */
export async function mounted(image: string): Promise<{ readonly root: string } & AsyncDisposable> {
  const container = await buildah("from", image);
  const root = await buildah("mount", container);
  return {
    root,
    async [Symbol.asyncDispose]() {
      await buildah("umount", container);
      await buildah("rm", container);
    },
  };
}

interface Configuration {
  readonly User: string;
  readonly Env: readonly string[];
  readonly Entrypoint?: readonly string[];
  readonly Cmd?: readonly string[];
}

/** What an image says of how it is run. */
export async function configuration(image: string): Promise<Configuration> {
  const text = await buildah("inspect", "--type", "image", image);
  return (JSON.parse(text) as { readonly OCIv1: { readonly config: Configuration } }).OCIv1.config;
}

/** What the recipes run while they build, beside Node.js and npm, and what an executable of npm is started by. */
const PROGRAMS = [
  "sh",
  "bash",
  "ldd",
  "grep",
  "install",
  "readlink",
  "dirname",
  "find",
  "mkdir",
  "cat",
  "env",
];
const NPM = "usr/local/lib/node_modules/npm";

/**
 * An image in place of the one that the recipes begin with, made of this machine's own Node.js and programs: no registry of
 * images is needed. What npm needs to reach its registry from here goes along.
 */
export async function makeStandIn(image: string): Promise<void> {
  const container = await buildah("from", "scratch");
  const root = await buildah("mount", container);
  await addProgram(root, "usr/local/bin/node", process.execPath);
  for (const name of PROGRAMS) await addProgram(root, `usr/bin/${name}`, await which(name));
  await write(root, "usr/local/bin/npm", `#!/usr/bin/sh\nexec node /${NPM}/bin/npm-cli.js "$@"\n`);
  await cp(dirname(dirname(await which("npm"))), join(root, NPM), { recursive: true });
  for (const folder of ["tmp", "root", "bin", "etc"]) await mkdir(join(root, folder), { recursive: true });
  await cp(await which("sh"), join(root, "bin/sh"));
  await cp(await which("bash"), join(root, "bin/bash"));
  await write(root, "etc/passwd", "root:x:0:0::/root:/bin/sh\nnode:x:1000:1000::/tmp:/bin/sh\n");
  await addNpmSettings(root);
  await buildah("config", "--env", "PATH=/usr/local/bin:/usr/bin:/bin", container);
  await buildah("commit", "--quiet", container, image);
  await buildah("rm", container);
}

async function addNpmSettings(root: string): Promise<void> {
  const setting = async (name: string): Promise<string> =>
    (await run("npm", ["config", "get", name], { cwd: root })).stdout.trim();
  const lines = [`registry=${await setting("registry")}`];
  const authority = await setting("cafile");
  if (authority !== "null" && authority !== "") {
    await write(root, "etc/npm-ca.pem", await readFile(authority, "utf8"));
    lines.push("cafile=/etc/npm-ca.pem");
  }
  await write(root, "root/.npmrc", `${lines.join("\n")}\n`);
}

/** The program and the libraries that it is linked to. */
async function addProgram(root: string, path: string, from: string): Promise<void> {
  await add(root, path, from);
  const { stdout } = await run("ldd", [from]).catch(() => ({ stdout: "" })); // a script has none
  for (const [library] of stdout.matchAll(/\/[^ )]+/gu)) await add(root, library, library);
}

async function add(root: string, path: string, from: string): Promise<void> {
  const target = join(root, path);
  if (await stat(target).catch(() => undefined)) return;
  await mkdir(dirname(target), { recursive: true });
  await cp(await realpath(from), target);
}

async function write(root: string, path: string, text: string): Promise<void> {
  await mkdir(dirname(join(root, path)), { recursive: true });
  await writeFile(join(root, path), text, { mode: 0o755 });
}

async function which(name: string): Promise<string> {
  const { stdout } = await run("sh", ["-c", `command -v ${name}`]);
  return await realpath(stdout.trim());
}
