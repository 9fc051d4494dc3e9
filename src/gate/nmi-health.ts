import { formatDuration } from "../config/duration.js";
import { redact } from "../identity/redact.js";
import type { GateReason } from "./gate.js";
import type { HttpProbe } from "./http-probe.js";
import { errorCode, isNoHttp, PROBE_LIMIT_MS, type ProbeContext } from "./route-probe.js";
import { withTimeLimit } from "./time-limit.js";

/** What the health endpoint of NMI showed. */
export type NmiHealth =
  | { readonly active: true }
  | { readonly active: false; readonly reason: GateReason; readonly detail: string };

/** What a connection that failed says, by Node's code; anything else is `health-unreachable`. */
const REASON_BY_CODE: ReadonlyMap<string, GateReason> = new Map([
  ["ECONNREFUSED", "health-refused"],
  ["ETIMEDOUT", "health-timeout"],
]);

/**
 * One health request. NMI answers 200 in every state, and only the body tells whether its rule is
 * installed: `Active` or `Not Active`, which contains the other (aad-pod-identity pkg/probes/probes.go). Case is
 * ignored as in the project's own test (test/e2e/liveness_probe_test.go). Rejects with `signal.reason` only.
 */
export async function checkNmiHealth(
  probe: HttpProbe,
  url: string,
  context: ProbeContext,
): Promise<NmiHealth> {
  const { limitMs = PROBE_LIMIT_MS } = context;
  const shown = shownUrl(url);
  try {
    const answer = await withTimeLimit(limitMs, async (signal) => await probe(url, { signal }), context);
    if (answer.timedOut)
      return closed("health-timeout", `${shown} did not answer within ${formatDuration(limitMs)}`);
    const { status, body } = answer.value;
    const word = body.trim().toLowerCase();
    if (status === 200 && word === "active") return { active: true };
    if (status === 200 && word === "not active") return closed("not-active", `${shown} answered Not Active`);
    return closed("health-unexpected", `${shown} answered ${status} ${quoted(body)}`);
  } catch (error) {
    context.signal.throwIfAborted();
    const code = errorCode(error);
    // An answer that is no HTTP is an answer.
    if (isNoHttp(code))
      return closed("health-unexpected", `${shown} answered with something that is no HTTP`);
    return closed(REASON_BY_CODE.get(code) ?? "health-unreachable", `no connection to ${shown}: ${code}`);
  }
}

function closed(reason: GateReason, detail: string): NmiHealth {
  return { active: false, reason, detail };
}

/** Without what may be secret in a URL: user name, password and query. */
function shownUrl(url: string): string {
  const { origin, pathname } = new URL(url);
  return `${origin}${pathname}`;
}

function quoted(body: string): string {
  const text = redact(body, 100);
  return text === "" ? "without a body" : `"${text}"`;
}
