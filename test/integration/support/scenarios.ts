import type { Fault } from "../../../src/testing/faults.js";
import type { NodeSimulatorOptions } from "../../../src/testing/simulator-options.js";
import { SCALE } from "./scale.js";

/** What is wrong with the node, from the first call on. */
export type Trouble =
  /** Whoever answers token requests answers like this; with `probes`, route probes too. */
  | { readonly kind: "answers"; readonly fault: Fault; readonly probes?: boolean }
  /** Only the first `times` of the token requests; with `probes`, of all requests. */
  | { readonly kind: "first"; readonly fault: Fault; readonly times: number; readonly probes?: boolean }
  /** NMI is not there, and neither is its rule: IMDS answers. */
  | { readonly kind: "no-nmi" }
  /** NMI says `Active`, and the rule is gone: IMDS answers. */
  | { readonly kind: "no-rule" }
  /** NMI crashed and left its rule: connections are refused. */
  | { readonly kind: "crashed" }
  /** The identity is not assigned to the pod yet: NMI holds the request. */
  | { readonly kind: "unassigned" }
  /** The identity is assigned, and IMDS does not know it yet. */
  | { readonly kind: "unattached" };

export type Ending =
  | "right"
  /** Refused for this code; a wrong token is never returned. */
  | { readonly code: string; readonly reason?: string };

/** Which credential meets the scenario. */
export type Setup = "gated" | "ungated" | "wrapped";

export interface Expected {
  readonly ends: Ending;
  /** Least and most token requests that reach the metadata address. */
  readonly requests: readonly [least: number, most: number];
}

export interface Scenario {
  readonly id: string;
  readonly does: string;
  readonly trouble: Trouble;
  /** Seconds from the first call; 0 where the trouble is counted in requests. */
  readonly untilS: number;
  readonly node?: NodeSimulatorOptions;
  /** What the times of this row are divided by, where the usual number would leave too little. */
  readonly scale?: number;
  /**
   * `gated`: guarded DefaultAzureCredential with an expectation and the NMI gate; `ungated`: guarded
   * ManagedIdentityCredential with an expectation only; `wrapped`: `guard` around the SDK's ManagedIdentityCredential.
   */
  readonly expected: Partial<Record<Setup, Expected>>;
}

/** Seconds of the guard's defaults, at full length. */
const FIRST_DELAY_S = 0.8;
const LARGEST_DELAY_S = 5;
const ATTEMPT_S = 15;
/** What a busy machine adds to each attempt, in real seconds. */
const NOISE_S = 2.5;

/** How many requests start before `untilS`, each taking `attemptS`, with delays of `factor` times the usual. */
function starts(untilS: number, attemptS: number, factor: number, extraS: number): number {
  let count = 0;
  for (let atS = 0; atS < untilS; count += 1) {
    atS += attemptS + extraS + Math.min(FIRST_DELAY_S * 2 ** count * factor, LARGEST_DELAY_S);
  }
  return count;
}

/** Bounds from the schedule: the requests that fail until `untilS`, and the one that does not. */
function retried(untilS: number, attemptS = 0): Expected {
  const least = starts(untilS, attemptS, 1.2, NOISE_S * SCALE);
  const most = starts(untilS, attemptS, 0.8, 0);
  return { ends: "right", requests: [least + 1, most + 1] };
}

/** The same where requests are held: the one that is held when the trouble ends brings the token. */
function held(untilS: number): Expected {
  const { requests } = retried(untilS, ATTEMPT_S);
  return { ends: "right", requests: [requests[0] - 1, requests[1]] };
}

const once: Expected = { ends: "right", requests: [1, 1] };
const text = (status: number, body: string, headers: Record<string, string> = {}): Fault => ({
  kind: "status",
  status,
  body: `${body}\n`,
  headers: { "X-Content-Type-Options": "nosniff", ...headers },
});
const refusal = (status: number, error: string, description: string): Fault => ({
  kind: "status",
  status,
  body: { error, error_description: description },
});

/** `Retry-After` has whole seconds. */
const RETRY_AFTER_S = Math.floor(20 / SCALE);
const MULTIPLE =
  "Multiple user assigned identities exist, please specify the clientId / resourceId of the identity in the token request";
// aad-pod-identity pkg/nmi/standard.go: the identity is on its way.
const CREATED =
  "getting assigned identities for pod default/app in CREATED state failed after 16 attempts, retry duration [5]s, error: <nil>";

/**
 * Scenarios B to R of the measurements of `@azure/identity` under a misbehaving endpoint, where the plain SDK returned
 * the wrong token, failed early or waited for ever. P, Q and R are calls of another kind and have tests of their own.
 */
export const SCENARIOS: readonly Scenario[] = [
  {
    id: "B",
    does: "IMDS answers with the node's own identity while NMI is not there",
    trouble: { kind: "no-nmi" },
    untilS: 30,
    node: { systemAssigned: { name: "node" } },
    expected: {
      gated: once,
      ungated: retried(30),
      // MSAL keeps the wrong token for the life of the process: it is refused each time, never returned.
      wrapped: { ends: { code: "ERR_GUARD_IDENTITY_MISMATCH" }, requests: [1, 1] },
    },
  },
  {
    id: "B2",
    does: "IMDS answers with the node's own identity while NMI says Active without its rule",
    trouble: { kind: "no-rule" },
    untilS: 30,
    node: { systemAssigned: { name: "node" } },
    expected: { gated: once, ungated: retried(30) },
  },
  {
    id: "C",
    does: "IMDS answers 400 Multiple user assigned identities while NMI is not there",
    trouble: { kind: "no-nmi" },
    untilS: 30,
    expected: {
      gated: once,
      // Nothing says that NMI is to come: waiting would not help, a client ID would.
      ungated: { ends: { code: "ERR_GUARD_REJECTED", reason: "multiple-identities" }, requests: [1, 1] },
      wrapped: { ends: { code: "ERR_GUARD_REJECTED", reason: "multiple-identities" }, requests: [1, 1] },
    },
  },
  {
    id: "C2",
    does: "400 Multiple user assigned identities comes although the gate is open",
    trouble: { kind: "answers", fault: refusal(400, "invalid_request", MULTIPLE) },
    untilS: 30,
    expected: { gated: retried(30) },
  },
  {
    id: "D",
    does: "400 Identity not found",
    trouble: { kind: "answers", fault: refusal(400, "invalid_request", "Identity not found") },
    untilS: 50,
    expected: { gated: retried(50), ungated: retried(50), wrapped: retried(50) },
  },
  {
    id: "D2",
    does: "NMI passes on that IMDS does not know the identity yet",
    trouble: { kind: "unattached" },
    untilS: 50,
    expected: { gated: retried(50), ungated: retried(50) },
  },
  {
    id: "E",
    does: "404 in plain text",
    trouble: { kind: "answers", fault: text(404, CREATED) },
    untilS: 50,
    expected: { gated: retried(50), ungated: retried(50), wrapped: retried(50) },
  },
  {
    id: "F",
    does: "requests are held",
    trouble: { kind: "answers", fault: { kind: "hold" } },
    untilS: 50,
    expected: {
      gated: held(50),
      ungated: held(50),
      // The SDK ignores the signal: two requests stay on hold, and there is no room for a third.
      wrapped: { ends: "right", requests: [2, 2] },
    },
  },
  {
    id: "F2",
    does: "requests and route probes are held",
    trouble: { kind: "answers", fault: { kind: "hold" }, probes: true },
    untilS: 50,
    expected: { gated: once },
  },
  {
    id: "F3",
    does: "NMI holds requests until the identity is assigned to the pod",
    trouble: { kind: "unassigned" },
    untilS: 50,
    expected: { gated: held(55), ungated: held(55) },
  },
  {
    id: "G",
    does: "503 in plain text with Retry-After",
    trouble: { kind: "answers", fault: text(503, CREATED, { "Retry-After": String(RETRY_AFTER_S) }) },
    untilS: 50,
    expected: {
      gated: { ends: "right", requests: [3, 4] },
      ungated: { ends: "right", requests: [3, 4] },
    },
  },
  {
    id: "H",
    does: "403 in plain text",
    trouble: { kind: "answers", fault: text(403, "failed to get service principal token") },
    untilS: 30,
    expected: { gated: retried(30), ungated: retried(30) },
  },
  {
    id: "I",
    does: "connections are refused",
    trouble: { kind: "crashed" },
    untilS: 30,
    // What is refused reaches nobody who could count it.
    expected: { gated: once, ungated: once, wrapped: once },
  },
  {
    id: "J",
    does: "the first two requests are never answered",
    trouble: { kind: "first", fault: { kind: "hang" }, times: 2 },
    untilS: 0,
    expected: {
      gated: { ends: "right", requests: [3, 3] },
      ungated: { ends: "right", requests: [3, 3] },
    },
  },
  {
    id: "J2",
    does: "the first two requests are never answered, route probes included",
    trouble: { kind: "first", fault: { kind: "hang" }, times: 2, probes: true },
    untilS: 0,
    expected: { gated: once },
  },
  {
    id: "K",
    does: "429 without Retry-After",
    trouble: { kind: "answers", fault: text(429, "Too many requests") },
    untilS: 40,
    expected: {
      gated: { ends: "right", requests: [2, 5] },
      ungated: { ends: "right", requests: [2, 5] },
    },
  },
  {
    id: "L",
    does: "410 in plain text",
    trouble: { kind: "answers", fault: text(410, "Gone") },
    untilS: 65,
    // Throttling pushes the last retry to 1/40 of the budget before its end. At a sixth of the time that would be 0.3 s,
    // less than a busy machine may take for a request.
    scale: Math.max(1, SCALE / 2),
    expected: {
      gated: { ends: "right", requests: [5, 7] },
      ungated: { ends: "right", requests: [5, 7] },
    },
  },
  {
    id: "M",
    does: "500 in JSON",
    trouble: { kind: "answers", fault: refusal(500, "unknown_error", "Internal error") },
    untilS: 30,
    expected: { gated: retried(30), ungated: retried(30), wrapped: retried(30) },
  },
  {
    id: "N",
    does: "200 with garbage that calls itself JSON",
    trouble: { kind: "answers", fault: { kind: "garbage" } },
    untilS: 20,
    expected: { gated: retried(20), ungated: retried(20) },
  },
  {
    id: "N2",
    does: "200 with garbage that calls itself text",
    trouble: { kind: "answers", fault: { kind: "garbage", contentType: "text/plain" } },
    untilS: 20,
    expected: { gated: retried(20), ungated: retried(20) },
  },
  {
    id: "O",
    does: "200, cut off in the body",
    trouble: { kind: "answers", fault: { kind: "truncate" } },
    untilS: 20,
    expected: { gated: retried(20), ungated: retried(20) },
  },
  {
    id: "O2",
    does: "the connection is reset before the headers",
    trouble: { kind: "answers", fault: { kind: "reset" } },
    untilS: 20,
    expected: { gated: retried(20), ungated: retried(20), wrapped: retried(20) },
  },
  {
    id: "S1",
    does: "200 with an empty body",
    trouble: { kind: "answers", fault: { kind: "status", status: 200, body: "" } },
    untilS: 20,
    expected: { gated: retried(20), ungated: retried(20), wrapped: retried(20) },
  },
  {
    id: "S2",
    does: "503 in plain text without Retry-After",
    trouble: {
      kind: "answers",
      fault: text(503, "adal: Failed to execute the refresh request. Error = 'EOF'"),
    },
    untilS: 30,
    expected: { gated: retried(30), ungated: retried(30) },
  },
];
