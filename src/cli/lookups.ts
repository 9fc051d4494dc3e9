import { readFileSync } from "node:fs";
import type * as Dns from "node:dns";
import type { LookupOptions } from "node:dns";

type Callback = (error: Error | null, ...found: unknown[]) => void;

const HOSTS_FILE = "/etc/hosts";

let done = false;

/**
 * Has names looked up by the system only once their server answers at all, or the file of hosts has them. A look-up of the
 * system's (`getaddrinfo`) cannot be cut: while it waits for a server that is silent, the process cannot even exit, and a
 * probe is late, and a signal. The question that goes before can be.
 */
export function waitForNameServers(): void {
  if (done) return;
  done = true;
  const dns = process.getBuiltinModule("node:dns");
  const { lookup } = dns;
  const patient = (name: string, options: LookupOptions | Callback, callback?: Callback): void => {
    const settle = callback ?? (options as Callback);
    serverAnswers(dns, name).then(
      () => (lookup as (...all: unknown[]) => void)(name, callback === undefined ? {} : options, settle),
      (error: unknown) => settle(error as Error),
    );
  };
  Object.assign(dns, { lookup: Object.assign(patient, lookup) });
}

/** Rejects where no server answers: whatever else comes, even that there is no such name, is an answer. */
async function serverAnswers(dns: typeof Dns, name: string): Promise<void> {
  if (isAddress(name) || isInHostsFile(name)) return;
  const resolver = new dns.promises.Resolver();
  try {
    await resolver.resolve4(name);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== "ETIMEOUT") return;
    throw Object.assign(new Error(`getaddrinfo EAI_AGAIN ${name}`), { code: "EAI_AGAIN", hostname: name });
  }
}

function isAddress(name: string): boolean {
  return /^[\d.]+$/u.test(name) || name.includes(":");
}

function isInHostsFile(name: string): boolean {
  try {
    const words = readFileSync(HOSTS_FILE, "utf8").toLowerCase().split(/\s+/u);
    return words.includes(name.toLowerCase());
  } catch {
    return false;
  }
}
