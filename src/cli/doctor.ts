import { stat } from "node:fs/promises";
import { ownAddresses } from "../gate/own-addresses.js";
import { readTokenFile } from "../gate/token-file.js";
import { EXIT, type CliIo, type RunCommand } from "./command.js";
import { credentialOf } from "./token-credential.js";
import { wantsColor } from "./demo-environment.js";
import { colored, uncolored } from "./demo-paint.js";
import { diagnose } from "./doctor/diagnose.js";
import { limitsWithin } from "./doctor/limits.js";
import { linkStates } from "./doctor/link-states.js";
import { observe } from "./doctor/observe.js";
import { printOwnWarnings } from "./own-warnings.js";
import { reportJson } from "./doctor/report-json.js";
import { reportText } from "./doctor/report-text.js";

/** A person waits for it. */
const TIMEOUT_MS = 10_000;

/** Any plane knows it, and every identity may ask for it. */
const SCOPE = "https://management.azure.com/.default";

/** What saying it all takes at the end, in milliseconds; also the least that there is to look in. */
const LAST_MS = 500;

/** `doctor`: what is wrong, and what to do about it. */
export const doctor: RunCommand = async (values, io) => {
  const timeoutMs = values.read("--timeout", "duration");
  const leftMs = Math.max(LAST_MS, (timeoutMs ?? TIMEOUT_MS) - io.sinceStart() - LAST_MS);
  const limits = limitsWithin(leftMs, timeoutMs !== undefined);
  // The findings say the same.
  printOwnWarnings(() => undefined);
  const seen = await observe(ports(io), { scope: values.text("--scope") ?? SCOPE, limits });
  const [links, findings] = [linkStates(seen), diagnose(seen)];
  const paint = wantsColor(io.environment, io.isTerminal()) ? colored : uncolored;
  const report = values.has("--json") ? reportJson : reportText;
  io.out(report(seen, links, findings, paint));
  return findings.length === 0 ? EXIT.ok : EXIT.failed;
};

function ports(io: CliIo): Parameters<typeof observe>[0] {
  const { clock, environment, probe, signal } = io;
  return {
    clock,
    environment,
    probe,
    signal,
    ownAddresses,
    readFile: readTokenFile,
    modifiedAt: async (path) => (await stat(path)).mtimeMs,
    createCredential: () => credentialOf(environment),
  };
}
