import { fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import { NodeSimulator } from "azure-identity-guard/testing";

/**
 * A healthy simulated node, and the variables that point both sides at it. IMDS's limits are lifted: with them a
 * thousand requests of the SDK end in 429 and minutes of NMI's own retries, and nothing could be compared.
 */
export async function healthyNode(): Promise<{
  readonly simulator: NodeSimulator;
  readonly environment: NodeJS.ProcessEnv;
}> {
  const simulator = await NodeSimulator.start({ imds: { limits: { perSecond: 1e9, concurrent: 1e9 } } });
  return { simulator, environment: { ...process.env, ...simulator.environment } };
}

const programs = new URL("../../bench/programs/", import.meta.url);

/** Runs a program of bench/programs until its first message; resolves with it and with the time since the start, in ms. */
export async function runProgram(
  name: string,
  args: readonly string[],
  environment: NodeJS.ProcessEnv,
): Promise<{ readonly message: unknown; readonly ms: number }> {
  const started = performance.now();
  const child = fork(fileURLToPath(new URL(name, programs)), args, { env: environment, execArgv: [] });
  return await new Promise((resolve, reject) => {
    let answer: { message: unknown; ms: number } | undefined;
    child.once("message", (message) => (answer = { message, ms: performance.now() - started }));
    child.once("error", reject);
    child.once("exit", (code) => {
      if (code === 0 && answer !== undefined) resolve(answer);
      else reject(new Error(`${name} ended with code ${String(code)} before it answered`));
    });
  });
}
