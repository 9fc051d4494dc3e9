import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { text } from "node:stream/consumers";

/**
 * Runs a program with the Azure SDK in a process of its own, with nothing in its environment but `environment`, and reads
 * the JSON that it prints.
 */
export async function runSdk(
  program: string,
  environment: Readonly<Record<string, string>>,
): Promise<Record<string, unknown>> {
  const child = spawn(process.execPath, ["--input-type=module", "--eval", program], {
    cwd: join(import.meta.dirname, "../.."),
    env: { PATH: process.env["PATH"], ...environment },
    stdio: ["ignore", "pipe", "inherit"],
  });
  const [output] = await Promise.all([text(child.stdout), once(child, "exit")]);
  return JSON.parse(output) as Record<string, unknown>;
}

/** A program that asks the credential `expression` for one token, and prints its claims or the error. */
export function asking(
  expression: string,
  options = "{}",
  scope = "https://vault.azure.net/.default",
): string {
  return `
    import * as identity from "@azure/identity";
    const environment = process.env;
    try {
      const credential = ${expression};
      const { token, expiresOnTimestamp } = await credential.getToken("${scope}", ${options});
      const claims = JSON.parse(Buffer.from(token.split(".")[1], "base64url"));
      console.log(JSON.stringify({ ...claims, expiresOnTimestamp }));
    } catch (error) {
      console.log(JSON.stringify({ error: error.name, message: error.message }));
    }
  `;
}
