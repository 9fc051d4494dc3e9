import type { GateObservation } from "../../../src/gate/gate.js";
import type { GuardEvent } from "../../../src/health/guard-events.js";
import type { HealthSnapshot, KeySnapshot } from "../../../src/health/health-snapshot.js";
import type { HealthState, TokenFailure } from "../../../src/health/health.js";

export const NOW: number = Date.UTC(2026, 4, 12, 12, 30, 0);
export const MINUTE = 60_000;
export const VAULT = "https://vault.azure.net";

export const OPEN: GateObservation = { state: "open", reason: "active", observedAt: NOW - 1000 };
export const CLOSED: GateObservation = {
  state: "closed",
  reason: "health-refused",
  permanent: false,
  remedy: "Look at the NMI pod on this node.",
  observedAt: NOW - 1000,
};

export const MISMATCH: TokenFailure = {
  reason: "identity-mismatch",
  message: "oid is 2222, expected 1111",
  meaning: "The token belongs to another identity than expected.",
  remedy: "Compare the expected ids with the identity.",
};

/** A credential in a state that fits its gate and keys, unless `over` says otherwise. */
export function snapshot(state: HealthState, over: Partial<HealthSnapshot> = {}): HealthSnapshot {
  const gate = state === "ready" || state === "failing" ? OPEN : CLOSED;
  const passes = {
    startup: state !== "starting" && state !== "closed",
    ready: state === "ready",
    live: true,
  };
  const keys: readonly KeySnapshot[] = state === "failing" ? [failedKey()] : [heldKey()];
  const token = state === "failing" ? MISMATCH.reason : "valid";
  return {
    name: "orders",
    details: false,
    state,
    reason: "the reason of the snapshot",
    since: NOW - 3 * MINUTE,
    gateName: "nmi",
    gate,
    keys: state === "starting" ? [] : keys,
    waiters: 0,
    drained: state === "drained",
    probes: passes,
    checks: [
      { name: "gate", reason: gate.reason, passes },
      { name: "token", reason: token, passes },
      { name: "shutdown", reason: "running", passes },
    ],
    metrics: { attempts: [], retries: 0, rejected: [], acquisitions: [], cacheHits: 0 },
    history: [],
    ...over,
  };
}

export function heldKey(over: Partial<KeySnapshot> = {}): KeySnapshot {
  return { key: VAULT, scopes: [`${VAULT}/.default`], expiresOn: NOW + 90 * MINUTE, ...over };
}

export function failedKey(failure: TokenFailure = MISMATCH): KeySnapshot {
  return { key: VAULT, scopes: [`${VAULT}/.default`], lastFailure: failure, lastError: failure.message };
}

/** Events, by how long ago they happened. */
export const ago = {
  change: (ms: number, from: HealthState, to: HealthState): GuardEvent => {
    return { type: "change", at: NOW - ms, from, to, reason: "the reason of the change" };
  },
  gate: (ms: number, observation: GateObservation): GuardEvent => {
    return { type: "gate", at: NOW - ms, observation };
  },
  attempt: (
    ms: number,
    outcome: "token" | "rejected" | "failed" | "abandoned",
    over: { readonly reason?: string; readonly status?: number; readonly provenance?: string } = {},
  ): GuardEvent => {
    const times = { startedAt: NOW - ms - 200, endedAt: NOW - ms };
    return { type: "attempt", at: NOW - ms, key: VAULT, number: 2, outcome, ...times, ...over };
  },
  token: (ms: number, lifeMs: number = 90 * MINUTE): GuardEvent => {
    const expiresOn = NOW - ms + lifeMs;
    const common = { key: VAULT, source: "acquired", identity: {}, refreshAfter: expiresOn } as const;
    return { type: "token", at: NOW - ms, ...common, expiresOn };
  },
  rejected: (ms: number, reason = "identity-mismatch"): GuardEvent => {
    const saw = { objectId: "2222" };
    return { type: "rejected", at: NOW - ms, key: VAULT, reason, saw, expected: { objectId: ["1111"] } };
  },
  acquisition: (ms: number, outcome: "token" | "failed" | "abandoned"): GuardEvent => {
    return { type: "acquisition", at: NOW - ms, key: VAULT, outcome, durationMs: 3_210, attempts: 2 };
  },
};
