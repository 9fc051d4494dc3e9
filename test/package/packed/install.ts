import { cp, mkdir, mkdtemp, realpath, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestProject } from "vitest/node";
import { manifest, root } from "../manifest.js";
import { succeed } from "./run.js";

/** What `npm pack` says about a tarball; the fields that the tests read. */
export interface PackedFile {
  readonly path: string;
  readonly size: number;
}

export interface Packed {
  /** The tarball. */
  readonly tarball: string;
  /** Bytes of the tarball. */
  readonly size: number;
  readonly unpackedSize: number;
  readonly files: readonly PackedFile[];
  /** An empty project with the tarball, @azure/identity and the types of Node.js. */
  readonly project: string;
  /** The same project without @azure/identity. */
  readonly bare: string;
}

declare module "vitest" {
  interface ProvidedContext {
    packed: Packed;
  }
}

/** Packs dist as it is and installs it once for all tests of this folder. */
export async function setup({ provide }: TestProject): Promise<() => Promise<void>> {
  const folder = await realpath(await mkdtemp(join(tmpdir(), "packed-")));
  const remove = async (): Promise<void> => await rm(folder, { recursive: true, force: true });
  try {
    provide("packed", await install(folder));
  } catch (error) {
    await remove();
    throw error;
  }
  return remove;
}

async function install(folder: string): Promise<Packed> {
  const pack = ["pack", "--json", "--ignore-scripts", "--pack-destination", folder];
  const [about] = JSON.parse(await succeed("npm", pack, { cwd: root })) as [
    Pick<Packed, "size" | "unpackedSize" | "files"> & { readonly filename: string },
  ];
  const tarball = join(folder, about.filename);

  const project = join(folder, "project");
  await mkdir(project);
  await writeFile(join(project, "package.json"), JSON.stringify({ name: "consumer", private: true }));
  const wanted = ["@azure/identity", "@types/node"].map(
    (name) => `${name}@${manifest.devDependencies[name] ?? "latest"}`,
  );
  const flags = ["--prefer-offline", "--no-audit", "--no-fund", "--no-package-lock"];
  await succeed("npm", ["install", ...flags, tarball, ...wanted], { cwd: project });
  for (const name of ["programs", "consumer"]) {
    await cp(join(root, "test/package", name), join(project, name), { recursive: true });
  }

  const bare = join(folder, "bare");
  const identity = join(project, "node_modules", "@azure", "identity");
  await cp(project, bare, { recursive: true, filter: (path) => path !== identity });
  return { ...about, tarball, project, bare };
}
