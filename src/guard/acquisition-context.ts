import type { AccessToken } from "@azure/core-auth";
import type { AttemptRecord } from "../errors.js";
import type { GateWatch } from "../gate/gate-watcher.js";
import type { GuardEvents } from "../health/guard-events.js";
import type { TokenIdentity } from "../identity/token-claims.js";
import type { Verification } from "../identity/verify-token.js";
import type { FailureEvidence } from "../retry/attempt-failure.js";
import type { Plane } from "../retry/plane.js";
import type { Verdict } from "../retry/classify-failure.js";
import type { Acquisition } from "./acquisition.js";
import type { CachedToken } from "./cached-token.js";
import type { JudgedFailure } from "./judged-failure.js";
import type { Ports } from "./ports.js";
import type { KeyEntry } from "./token-cache.js";
import type { TokenSource } from "./token-source.js";

/** How an acquisition ended. */
export interface AcquisitionEnd extends Omit<GuardEvents["acquisition"], "key"> {
  readonly failure: JudgedFailure | undefined;
}

/** What an acquisition needs of the state that it works for. */
export interface AcquisitionContext {
  readonly source: TokenSource;
  readonly gate: GateWatch | undefined;
  readonly ports: Ports;
  /** `plane` is the one that the gate was seen open for when the attempt began. */
  classify(evidence: FailureEvidence, plane: Plane | undefined): Verdict;
  verify(token: AccessToken, scopes: readonly string[]): Verification;
  /** An attempt ended. */
  onAttempt(entry: KeyEntry, record: AttemptRecord): void;
  /** A token was refused. */
  onRejected(entry: KeyEntry, reason: string, saw: TokenIdentity | undefined): void;
  /** A verified token came; called before any waiter gets it. */
  onToken(entry: KeyEntry, token: CachedToken, acquisition: Acquisition): void;
  /** The acquisition is over, one way or the other. */
  onEnd(entry: KeyEntry, acquisition: Acquisition, end: AcquisitionEnd): void;
}
