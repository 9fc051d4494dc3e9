import type { AttemptRecord } from "../errors.js";
import type { GateObservation } from "../gate/gate.js";
import type { TokenIdentity } from "../identity/token-claims.js";
import type { HealthState } from "./health.js";

/**
 * What a guarded credential reports. No event holds a token.
 *
 * @public
 */
export interface GuardEvents {
  /** The state changed. `at` is milliseconds since the Unix epoch. */
  change: {
    readonly from: HealthState;
    readonly to: HealthState;
    readonly at: number;
    readonly reason: string;
  };
  /** The gate opened, closed, or gave another reason. */
  gate: { readonly observation: GateObservation };
  /** One token request ended. `key` names the resource or scope. */
  attempt: AttemptRecord & { readonly key: string };
  /** A verified token was stored. Times are milliseconds since the Unix epoch. */
  token: {
    readonly key: string;
    /**
     * `acquired` for a caller, `refreshed` in the background, `claims` for a claims challenge; `claims-unchanged`
     * where the plane returned the challenged token again.
     */
    readonly source: "acquired" | "refreshed" | "claims" | "claims-unchanged";
    readonly identity: TokenIdentity | undefined;
    /** Set where nothing was expected and the `oid` is not that of the token before. */
    readonly previousIdentity?: TokenIdentity;
    readonly expiresOn: number;
    readonly refreshAfter: number;
  };
  /** A token was refused before anybody could see it. */
  rejected: {
    readonly key: string;
    readonly reason: string;
    readonly saw: TokenIdentity | undefined;
    readonly expected: Readonly<Record<string, readonly string[]>>;
  };
  /** An acquisition ended: all its attempts, and the waiting before and between them. */
  acquisition: {
    readonly key: string;
    readonly outcome: AcquisitionOutcome;
    readonly durationMs: number;
    readonly attempts: number;
  };
}

/**
 * How an acquisition ended: with a verified token, with an error for those who waited, or because nobody waited any more.
 *
 * @public
 */
export type AcquisitionOutcome = "token" | "failed" | "abandoned";

/** @public */
export type GuardEventName = keyof GuardEvents;

/**
 * An event with its name, as the history keeps it.
 *
 * @public
 */
export type GuardEvent = {
  readonly [Name in GuardEventName]: { readonly type: Name; readonly at: number } & GuardEvents[Name];
}[GuardEventName];
