import type { AttemptRecord } from "../errors.js";
import type { GateWatch } from "../gate/gate-watcher.js";
import type { GuardEvents } from "../health/guard-events.js";
import type { HealthRecorder } from "../health/health-monitor.js";
import type { Expectation } from "../identity/expectation.js";
import type { TokenIdentity } from "../identity/token-claims.js";
import { logger } from "../logger.js";
import type { CachedToken } from "./cached-token.js";

/** How a verified token came about. */
export type TokenOrigin = GuardEvents["token"]["source"];

/** Turns what happens into events and log lines, none of which holds a token. */
export class Reporter {
  readonly #health: HealthRecorder;
  readonly #expectation: Expectation | undefined;
  #gateSaid = "";

  constructor(health: HealthRecorder, expectation: Expectation | undefined) {
    this.#health = health;
    this.#expectation = expectation;
  }

  /** An observation of the gate; said when it differs from the one before. */
  gate(watch: GateWatch): void {
    const observation = watch.latest();
    if (observation === undefined) return;
    const { state, reason } = observation;
    if (`${state} ${reason}` === this.#gateSaid) return;
    this.#gateSaid = `${state} ${reason}`;
    this.#health.record("gate", { observation });
    logger.info(`${this.#health.name} => gate ${watch.gate.name} => ${state}: ${reason}`);
  }

  attempt(key: string, record: AttemptRecord): void {
    this.#health.counters.attempt(record);
    this.#health.record("attempt", { key, ...record });
    const { outcome, reason, status, number } = record;
    const why = reason === undefined ? "" : ` (${reason})`;
    const answer = status === undefined ? "" : `, status ${status}`;
    logger.info(
      `${this.#health.name} => getToken() => attempt ${number} for ${key}: ${outcome}${why}${answer}`,
    );
  }

  rejected(key: string, reason: string, saw: TokenIdentity | undefined): void {
    this.#health.counters.rejected(reason);
    this.#health.record("rejected", { key, reason, saw, expected: expectedOf(this.#expectation) });
    const whose = saw?.objectId === undefined ? "" : `, its oid is ${saw.objectId}`;
    logger.warning(`${this.#health.name} => getToken() => a token for ${key} was refused: ${reason}${whose}`);
  }

  acquisition(key: string, ended: Omit<GuardEvents["acquisition"], "key">): void {
    this.#health.counters.acquisition(ended.outcome, ended.durationMs);
    this.#health.record("acquisition", { key, ...ended });
  }

  token(key: string, token: CachedToken, source: TokenOrigin, before: CachedToken | undefined): void {
    const { identity, expiresOn, refreshAfter } = token;
    const previous = changedIdentity(before, token);
    const event = { key, source, identity, expiresOn, refreshAfter };
    this.#health.record("token", previous === undefined ? event : { ...event, previousIdentity: previous });
    if (previous !== undefined) {
      logger.warning(
        `${this.#health.name} => getToken() => the identity changed: oid ${previous.objectId ?? ""} before, ${identity?.objectId ?? ""} now; ` +
          "pin it with AZURE_IDENTITY_GUARD_EXPECTED_OBJECT_ID",
      );
    }
    if (source === "claims-unchanged") {
      logger.warning(
        `${this.#health.name} => getToken() => a claims challenge for ${key} was answered with the challenged token, ` +
          "since the plane cannot carry claims; the resource may refuse it again",
      );
    }
  }
}

function expectedOf(expectation: Expectation | undefined): GuardEvents["rejected"]["expected"] {
  if (expectation === undefined) return {};
  const {
    objectIds: objectId,
    clientIds: clientId,
    tenantIds: tenantId,
    resourceIds: resourceId,
  } = expectation;
  return { objectId, clientId, tenantId, resourceId };
}

function changedIdentity(before: CachedToken | undefined, token: CachedToken): TokenIdentity | undefined {
  const was = before?.identity?.objectId;
  const is = token.identity?.objectId;
  return was === undefined || is === undefined || was === is ? undefined : before?.identity;
}
