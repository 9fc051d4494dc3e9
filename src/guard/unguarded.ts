import type { AccessToken, GetTokenOptions, TokenCredential } from "@azure/core-auth";
import type { AbortSignalLike } from "../abort.js";
import { HealthRecorder, type HealthMonitor } from "../health/health-monitor.js";
import type { GuardedCredential } from "./guarded-credential.js";
import type { Ports } from "./ports.js";

/**
 * The SDK's own credential, where nothing asks for guarding: a laptop, a CI job. Same tokens, same errors, same
 * speed; health says that there is nothing to wait for.
 */
export class Unguarded implements GuardedCredential {
  readonly health: HealthMonitor;
  readonly #credential: TokenCredential;
  #closed = false;

  constructor(credential: TokenCredential, { clock }: Pick<Ports, "clock">) {
    this.#credential = credential;
    const facts = { gate: "none", wanted: [], wantedAtStart: false } as const;
    const recorder = new HealthRecorder(
      {
        name: "unguarded",
        details: false,
        gateName: undefined,
        facts: (drained) => ({ ...facts, drained, closed: this.#closed }),
        gate: () => undefined,
        keys: () => [],
        waiters: () => 0,
        policy: { livenessGraceMs: "never", readyWhileDegraded: false },
      },
      clock,
    );
    recorder.update();
    this.health = recorder;
  }

  getToken(scopes: string | string[], options?: GetTokenOptions): Promise<AccessToken> {
    // The SDK's classes reject where TokenCredential allows null; their own types say so.
    return this.#credential.getToken(scopes, options) as Promise<AccessToken>;
  }

  async warmUp(scopes: string | string[], options?: { abortSignal?: AbortSignalLike }): Promise<void> {
    await this.getToken(scopes, options);
  }

  close(): Promise<void> {
    this.#closed = true;
    return Promise.resolve();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}
