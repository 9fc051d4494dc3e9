import type { Clock } from "../clock.js";
import { formatDuration } from "../config/duration.js";
import { readAssertion } from "../identity/assertion-claims.js";
import { describeAssertion } from "../identity/presented-assertion.js";
import { redact } from "../identity/redact.js";
import type { GateObservation, GateReason } from "./gate.js";
import { errorCode } from "./route-probe.js";
import type { TokenFileReader } from "./token-file.js";
import { workloadIdentityRemedy } from "./workload-identity-texts.js";
import { invalidVariables, missingVariables, type WorkloadInjection } from "./workload-injection.js";

export interface WorkloadIdentityPorts {
  readonly clock: Clock;
  readonly readFile: TokenFileReader;
}

const NO_PATH = "AZURE_FEDERATED_TOKEN_FILE holds no path of a file: it is too long for one";

interface Seen {
  readonly reason: GateReason;
  readonly detail: string;
}

/** Entra ID, too, lets clocks differ by so much: the kubelet's token is not refused for a node's clock that is behind. */
const CLOCK_SKEW_MS = 300_000;

/** ENOTDIR: a folder of the path is a file. */
const MISSING: ReadonlySet<string> = new Set(["ENOENT", "ENOTDIR"]);

/**
 * The check of the Workload ID gate: the variables, then the file, which is read anew each time. The variables of a
 * process do not change, so that what is wrong with them is wrong for good; the file is the kubelet's, which renews it.
 */
export async function checkWorkloadIdentity(
  injection: WorkloadInjection,
  { clock, readFile }: WorkloadIdentityPorts,
): Promise<GateObservation> {
  const fault = injectionFault(injection);
  const { reason, detail } = fault ?? (await lookAtFile(injection.tokenFilePath ?? "", readFile, clock));
  const observedAt = clock.now();
  if (reason === "token-file-valid") return { state: "open", reason, detail, observedAt };
  const remedy = workloadIdentityRemedy(reason);
  return { state: "closed", reason, permanent: fault !== undefined, detail, remedy, observedAt };
}

function injectionFault(injection: WorkloadInjection): Seen | undefined {
  const missing = missingVariables(injection);
  if (missing.length > 0) {
    const verb = missing.length === 1 ? "is" : "are";
    return { reason: "not-injected", detail: `${missing.join(", ")} ${verb} not set` };
  }
  const invalid = invalidVariables(injection);
  if (invalid.length === 0) return undefined;
  const said = invalid.map(
    ({ name, option, value, expected }) =>
      `${name}, or the option ${option}, is ${value}, expected ${expected}`,
  );
  return { reason: "injection-invalid", detail: said.join("; ") };
}

/** Nothing of the contents is ever said but the claims that name: they are the secret. */
async function lookAtFile(path: string, readFile: TokenFileReader, clock: Clock): Promise<Seen> {
  const shown = showPath(path);
  let text: string;
  try {
    const file = await readFile(path);
    if ("defect" in file) {
      const defect = file.defect === "too-large" ? "has more than 64 KiB" : "is no file";
      return { reason: "token-file-invalid", detail: `${shown} ${defect}` };
    }
    text = file.text.trim();
  } catch (error) {
    const code = errorCode(error);
    // Not quoted: who puts something so long there has taken the variable for the token's.
    if (code === "ENAMETOOLONG") return { reason: "token-file-invalid", detail: NO_PATH };
    return MISSING.has(code)
      ? { reason: "token-file-missing", detail: `${shown} is not there (${code})` }
      : { reason: "token-file-unreadable", detail: `${shown} cannot be read: ${code}` };
  }
  const claims = readAssertion(text);
  if (claims === undefined) {
    const detail = `${shown} ${text === "" ? "is empty" : "holds no JWT"}`;
    return { reason: "token-file-invalid", detail };
  }
  const lifeMs = (claims.expiresAt ?? Infinity) - clock.now();
  if (lifeMs <= 0) {
    return { reason: "token-file-expired", detail: `the token in ${shown} expired ${span(-lifeMs)} ago` };
  }
  const earlyMs = (claims.notBefore ?? -Infinity) - clock.now();
  if (earlyMs > CLOCK_SKEW_MS) {
    const detail = `the token in ${shown} is not valid before another ${span(earlyMs)} have passed`;
    return { reason: "token-file-invalid", detail };
  }
  const life = Number.isFinite(lifeMs) ? `expires in ${span(lifeMs)}` : "does not say when it expires";
  // Whom it names closes nothing: sovereign clouds use other audiences.
  const named = describeAssertion(claims);
  return {
    reason: "token-file-valid",
    detail: `the service account token ${life}${named === "" ? "" : `; ${named}`}`,
  };
}

/** A path as a whole looks like a long run of token characters. */
function showPath(path: string): string {
  return path
    .split("/")
    .map((part) => redact(part))
    .join("/");
}

function span(ms: number): string {
  return formatDuration(Math.max(1, Math.round(ms / 1000)) * 1000);
}
