import type { GateReason } from "../gate/gate.js";
import { DURATION_BUCKETS } from "./health-metrics.js";
import type { HealthSnapshot } from "./health-snapshot.js";
import type { HealthState } from "./health.js";
import { publicKey } from "./public-key.js";

/** One number, with what it is of. The label `credential` is added by whoever renders it. */
export interface Sample {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** One metric, for Prometheus and for OpenTelemetry alike. */
export interface Metric {
  /** In Prometheus' form, without the unit and without `_total`. */
  readonly name: string;
  readonly type: "counter" | "gauge";
  /** In the words of OpenMetrics; Prometheus has it in the name. */
  readonly unit?: "seconds";
  readonly help: string;
  /** Beside `credential`. */
  readonly labels: readonly string[];
  read(snapshot: HealthSnapshot): readonly Sample[];
}

/** How long acquisitions took, the one histogram. */
export const DURATION_METRIC: {
  readonly name: string;
  readonly type: "histogram";
  readonly unit: "seconds";
  readonly help: string;
  readonly labels: readonly string[];
  readonly buckets: readonly number[];
} = Object.freeze({
  name: "acquisition_duration",
  type: "histogram",
  unit: "seconds",
  help: "How long acquisitions took, waiting for the gate and between attempts included, by outcome.",
  labels: ["outcome"],
  buckets: DURATION_BUCKETS,
});

/** What all names begin with. */
export const METRIC_PREFIX = "azure_identity_guard";

/** A name by the conventions of Prometheus: the unit, then `total` for what only grows. */
export function prometheusName({
  name,
  unit,
  type,
}: {
  readonly name: string;
  readonly unit?: string;
  readonly type: string;
}): string {
  const parts = [METRIC_PREFIX, name, unit, type === "counter" ? "total" : undefined];
  return parts.filter((part) => part !== undefined).join("_");
}

const STATES: readonly HealthState[] = ["starting", "ready", "degraded", "failing", "drained", "closed"];

/** Series of one metric and one credential at most; what is beyond that goes together under `other`. */
const MAX_SERIES = 50;

const one = (value: number): readonly Sample[] => [{ labels: {}, value }];

export const METRIC_TABLE: readonly Metric[] = Object.freeze([
  {
    name: "state",
    type: "gauge",
    help: "1 for the state that the credential is in, 0 for the others.",
    labels: ["state"],
    read: ({ state }) => STATES.map((each) => ({ labels: { state: each }, value: each === state ? 1 : 0 })),
  },
  {
    name: "state_change_timestamp",
    type: "gauge",
    unit: "seconds",
    help: "When the credential came into its state, in Unix time.",
    labels: [],
    read: ({ since }) => one(since / 1000),
  },
  {
    name: "gate_open",
    type: "gauge",
    help: "1 while the gate is open, 0 while it is closed or has not been observed; absent without a gate.",
    labels: [],
    read: ({ gateName, gate }) => (gateName === undefined ? [] : one(gate?.state === "open" ? 1 : 0)),
  },
  {
    name: "gate_reason",
    type: "gauge",
    help: "1 for the reason that the gate gives; reasons of gates of the application's own are custom.",
    labels: ["reason"],
    read: ({ gateName, gate }) =>
      gateName === undefined ? [] : [{ labels: { reason: gateReason(gate?.reason) }, value: 1 }],
  },
  {
    name: "attempts",
    type: "counter",
    help: "Token requests, by how they ended and why.",
    labels: ["outcome", "reason"],
    read: ({ metrics }) =>
      metrics.attempts.map(({ outcome, reason, count }) => ({ labels: { outcome, reason }, value: count })),
  },
  {
    name: "retries",
    type: "counter",
    help: "Token requests that were not the first of their acquisition.",
    labels: [],
    read: ({ metrics }) => one(metrics.retries),
  },
  {
    name: "rejected_tokens",
    type: "counter",
    help: "Tokens that were refused before anybody could see them, by reason.",
    labels: ["reason"],
    read: ({ metrics }) =>
      metrics.rejected.map(({ reason, count }) => ({ labels: { reason }, value: count })),
  },
  {
    name: "cache_hits",
    type: "counter",
    help: "Calls that were answered with a cached token at once.",
    labels: [],
    read: ({ metrics }) => one(metrics.cacheHits),
  },
  {
    name: "token_expiry_timestamp",
    type: "gauge",
    unit: "seconds",
    help: "When the token in hand expires, in Unix time, by resource; the earliest where several share a label.",
    labels: ["resource"],
    read: tokenExpiries,
  },
  {
    name: "waiters",
    type: "gauge",
    help: "Callers that wait for a token now.",
    labels: [],
    read: ({ waiters }) => one(waiters),
  },
] as const satisfies readonly Metric[]);

/** Reasons of our own are few; a gate of the application's own may give any text. */
function gateReason(reason: string | undefined): string {
  if (reason === undefined) return "not-observed";
  return GATE_REASONS.has(reason) ? reason : "custom";
}

/** Each reason of our own; the compiler refuses one that is missing. */
const OWN_REASONS: Readonly<Record<Exclude<GateReason, `custom:${string}`>, true>> = {
  active: true,
  "active-route-unknown": true,
  "proxy-active": true,
  "token-file-valid": true,
  "not-active": true,
  "health-refused": true,
  "health-unreachable": true,
  "health-timeout": true,
  "health-unexpected": true,
  "route-bypassed": true,
  "route-proxied": true,
  "route-not-proxied": true,
  "route-unreachable": true,
  "proxy-unreachable": true,
  "proxy-unexpected": true,
  "not-injected": true,
  "injection-invalid": true,
  "token-file-missing": true,
  "token-file-unreadable": true,
  "token-file-invalid": true,
  "token-file-expired": true,
  "gate-error": true,
};

const GATE_REASONS: ReadonlySet<string> = new Set(Object.keys(OWN_REASONS));

function tokenExpiries({ keys, details }: HealthSnapshot): readonly Sample[] {
  const earliest = new Map<string, number>();
  for (const { key, expiresOn } of keys) {
    if (expiresOn === undefined) continue;
    const given = publicKey(key, details);
    const resource = earliest.has(given) || earliest.size < MAX_SERIES ? given : "other";
    earliest.set(resource, Math.min(earliest.get(resource) ?? Infinity, expiresOn / 1000));
  }
  return [...earliest].map(([resource, value]) => ({ labels: { resource }, value }));
}
