import type { Clock } from "../clock.js";
import { redact } from "../identity/redact.js";
import type { GateReason } from "./gate.js";
import type { HttpProbe } from "./http-probe.js";
import { errorCode, PROBE_LIMIT_MS } from "./route-probe.js";
import { withTimeLimit } from "./time-limit.js";

/** What the migration proxy says of itself. */
export type ProxyReadiness =
  { readonly ready: true } | { readonly ready: false; readonly reason: GateReason; readonly detail: string };

/** One request for `/readyz`, at most 1 s: 200 and `ok` (azure-workload-identity pkg/proxy/proxy.go, readyzHandler). Rejects with `signal.reason` only. */
export async function checkProxyReadiness(
  probe: HttpProbe,
  url: string,
  { clock, signal }: { readonly clock: Clock; readonly signal: AbortSignal },
): Promise<ProxyReadiness> {
  const not = (reason: GateReason, detail: string): ProxyReadiness => ({ ready: false, reason, detail });
  try {
    const answer = await withTimeLimit(PROBE_LIMIT_MS, async (own) => await probe(url, { signal: own }), {
      clock,
      signal,
    });
    if (answer.timedOut) return not("proxy-unreachable", `${url} did not answer within 1 s`);
    const { status, body } = answer.value;
    if (status === 200 && body.trim().toLowerCase() === "ok") return { ready: true };
    const text = redact(body, 100);
    return not(
      "proxy-unexpected",
      `${url} answered ${status} ${text === "" ? "without a body" : `"${text}"`}`,
    );
  } catch (error) {
    signal.throwIfAborted();
    const code = errorCode(error);
    // An answer that is no HTTP is an answer: llhttp's codes begin with HPE_.
    return code.startsWith("HPE_")
      ? not("proxy-unexpected", `${url} answered with something that is no HTTP`)
      : not("proxy-unreachable", `no connection to ${url}: ${code}`);
  }
}
