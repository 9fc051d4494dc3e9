import type { AccessToken, GetTokenOptions, TokenCredential } from "@azure/core-auth";
import type { AbortSignalLike } from "../abort.js";
import type { HealthMonitor } from "../health/health-monitor.js";

/**
 * A `TokenCredential` that hands out verified tokens only.
 *
 * @public
 */
export interface GuardedCredential extends TokenCredential, AsyncDisposable {
  /**
   * The right token, within the retry budget. May be called concurrently; calls for one resource share an acquisition.
   * Rejects with an `IdentityGuardError`, or with an `AbortError` as soon as `abortSignal` aborts.
   */
  getToken(scopes: string | string[], options?: GetTokenOptions): Promise<AccessToken>;
  /**
   * Resolves once a verified token is cached. Has no budget: rejects only for a permanent failure, on abort, and when
   * the credential is closed.
   */
  warmUp(scopes: string | string[], options?: { abortSignal?: AbortSignalLike }): Promise<void>;
  readonly health: HealthMonitor;
  /**
   * Rejects this instance's waiters with `ERR_GUARD_CLOSED`. With the last instance of the same plane, identity and
   * expectation the watcher stops, requests in flight are cut and the cache is cleared. Safe to call twice.
   */
  close(): Promise<void>;
}
