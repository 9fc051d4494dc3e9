import { execFile } from "node:child_process";

export interface Ran {
  /** Exit status; -1 where the program was ended by a signal or did not start. */
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly cwd: string;
  readonly environment?: Readonly<Record<string, string>>;
}

/** Variables of this process that would change what an identity library or npm does in a child. */
const FOREIGN = /^(AZURE_|IDENTITY_|MSI_|IMDS_|HOST_IP$|KUBERNETES_|NODE_OPTIONS$|npm_(?!config_))/;

/** Runs a program to its end, in an environment with nothing of Azure or Kubernetes in it. */
export async function run(file: string, args: readonly string[], options: RunOptions): Promise<Ran> {
  const inherited = Object.entries(process.env).filter(([name]) => !FOREIGN.test(name));
  const env = { ...Object.fromEntries(inherited), ...options.environment };
  return await new Promise((resolve) => {
    execFile(
      file,
      args,
      { cwd: options.cwd, env, maxBuffer: 64 * 1024 * 1024, timeout: 240_000 },
      (error, stdout, stderr) => {
        const status = error === null ? 0 : typeof error.code === "number" ? error.code : -1;
        resolve({ status, stdout, stderr: status === -1 ? `${stderr}\n${error?.message ?? ""}` : stderr });
      },
    );
  });
}

/** Like {@link run}; gives standard output, and rejects with all that was printed where the program fails. */
export async function succeed(file: string, args: readonly string[], options: RunOptions): Promise<string> {
  const { status, stdout, stderr } = await run(file, args, options);
  if (status !== 0) throw new Error(`${file} ${args.join(" ")} ended with ${status}:\n${stdout}\n${stderr}`);
  return stdout;
}

/** Runs a program with this Node.js and parses the one JSON line that it prints. */
export async function program(args: readonly string[], options: RunOptions): Promise<unknown> {
  return JSON.parse(await succeed(process.execPath, args, options));
}
