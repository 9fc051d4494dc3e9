import { spawn, type ChildProcess } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { createCertificateAuthority } from "../../../../src/testing/certificate-authority.js";
import { newFolder } from "../../support/folder.js";

/** Microsoft's own simulation of Azure Storage: a blob service that takes bearer tokens, in a process of its own. */
export interface Azurite extends AsyncDisposable {
  readonly url: string;
  /** The certificate to trust, PEM. */
  readonly caCertificate: string;
}

/** The account that Azurite has without being told of another. */
export const ACCOUNT = "devstoreaccount1";

const LISTENS = /successfully listens on (https:\/\/\S+)/u;

const running = new Set<ChildProcess>();
// A test run that is cut off leaves no process behind.
process.once("exit", () => running.forEach((child) => child.kill("SIGKILL")));

/**
 * Starts it on loopback, with everything in memory. Its OAuth level `basic` checks times, issuer and audience of a token, and
 * neither its signature nor whom it names.
 */
export async function startAzurite(): Promise<Azurite> {
  const folder = await newFolder();
  const authority = createCertificateAuthority();
  const { cert, key } = authority.issue(["127.0.0.1"]);
  const [certFile, keyFile] = [join(folder.path, "cert.pem"), join(folder.path, "key.pem")];
  await Promise.all([writeFile(certFile, cert), writeFile(keyFile, key)]);
  const packageFile = createRequire(import.meta.url).resolve("azurite/package.json");
  const program = join(dirname(packageFile), "dist", "src", "blob", "main.js");
  const settings = ["--blobHost", "127.0.0.1", "--blobPort", "0"];
  const oauth = ["--oauth", "basic", "--cert", certFile, "--key", keyFile];
  const flags = ["--inMemoryPersistence", "--skipApiVersionCheck", "--disableTelemetry", "--silent"];
  const child = spawn(process.execPath, [program, ...settings, ...oauth, ...flags], {
    cwd: folder.path, // where it would put a log
    env: { HOME: folder.path, PATH: "" },
    stdio: ["ignore", "pipe", "pipe"],
  });
  running.add(child);
  const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  const close = async (): Promise<void> => {
    child.kill("SIGKILL");
    await ended;
    running.delete(child);
    await folder[Symbol.asyncDispose]();
  };
  try {
    const url = await addressOf(child, ended);
    return { url, caCertificate: authority.certificate, [Symbol.asyncDispose]: close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** It says where it listens, and nothing else says that it does. */
async function addressOf(child: ChildProcess, ended: Promise<void>): Promise<string> {
  let output = "";
  const said = new Promise<string>((resolve) => {
    const read = (chunk: Buffer): void => {
      output += chunk.toString();
      const url = LISTENS.exec(output)?.[1];
      if (url !== undefined) resolve(url);
    };
    child.stdout?.on("data", read);
    child.stderr?.on("data", read);
  });
  const died = ended.then((): never => {
    throw new Error(`Azurite did not start: ${output.slice(-2000)}`);
  });
  died.catch(() => undefined);
  return await Promise.race([said, died]);
}
