import type { EntraRefusal } from "./entra-error.js";
import { sameId } from "./simulated-identity.js";
import type { IdentityRef } from "./simulated-identity.js";
import type { SimulatedTime } from "./simulated-time.js";

/**
 * Whom an application trusts. What is not given is what the cluster's tokens say.
 *
 * @public
 */
export interface FederatedCredentialInit {
  readonly issuer?: string | undefined;
  readonly subject?: string | undefined;
  readonly audience?: string | undefined;
  /**
   * Simulated milliseconds until Entra ID knows of it: one number for all replicas, or one for each, the last for those
   * beyond the list. `Infinity` for never. Default 0.
   */
  readonly knownAfterMs?: number | readonly number[] | undefined;
}

/** @public */
export interface FederatedCredential {
  /** Client ID of the application. */
  readonly clientId: string;
  readonly issuer: string;
  readonly subject: string;
  readonly audience: string;
}

/** What an assertion says of itself. */
export interface AssertionClaims {
  readonly issuer: string;
  readonly subject: string;
  readonly audiences: readonly string[];
}

interface Replicated extends FederatedCredential {
  /** In the time's `elapsed()`, by replica. */
  readonly knownFrom: readonly number[];
}

/**
 * The federated credentials of all applications, as the replicas of Entra ID know them.
 *
 * @public
 */
export class FederatedCredentials {
  readonly #time: SimulatedTime;
  readonly #replicas: number;
  readonly #usual: Omit<FederatedCredential, "clientId">;
  #all: readonly Replicated[] = [];

  /** @internal */
  constructor(time: SimulatedTime, replicas: number, usual: Omit<FederatedCredential, "clientId">) {
    this.#time = time;
    this.#replicas = replicas;
    this.#usual = usual;
  }

  /** In the order of their creation, whoever knows of them. */
  get all(): readonly FederatedCredential[] {
    return this.#all.map(({ clientId, issuer, subject, audience }) => ({
      clientId,
      issuer,
      subject,
      audience,
    }));
  }

  /** Adds one to an application. */
  add(application: IdentityRef, init: FederatedCredentialInit = {}): FederatedCredential {
    const { issuer, subject, audience, knownAfterMs = 0 } = init;
    const delays = typeof knownAfterMs === "number" ? [knownAfterMs] : knownAfterMs;
    const credential = {
      clientId: typeof application === "string" ? application : application.clientId,
      issuer: issuer ?? this.#usual.issuer,
      subject: subject ?? this.#usual.subject,
      audience: audience ?? this.#usual.audience,
    };
    const now = this.#time.elapsed();
    const knownFrom = Array.from(
      { length: this.#replicas },
      (_, replica) => now + (delays[replica] ?? delays.at(-1) ?? 0),
    );
    this.#all = [...this.#all, { ...credential, knownFrom }];
    return credential;
  }

  /** Takes away all of an application, or all for one subject; every replica forgets at once. */
  remove(application: IdentityRef, subject?: string): void {
    const clientId = typeof application === "string" ? application : application.clientId;
    this.#all = this.#all.filter(
      (credential) =>
        !sameId(credential.clientId, clientId) || (subject !== undefined && credential.subject !== subject),
    );
  }

  /**
   * @internal Why a replica finds no credential for an assertion; `undefined` where it finds one. All comparisons are exact,
   * as Entra ID's are since 2024 ("What's new for authentication?", case-sensitive matching).
   */
  mismatch(clientId: string, claims: AssertionClaims, replica: number): EntraRefusal | undefined {
    const { issuer, subject, audiences } = claims;
    const details = { issuer, subject, audience: audiences.join(", ") };
    const now = this.#time.elapsed();
    const known = this.#all.filter(
      (credential) =>
        sameId(credential.clientId, clientId) && (credential.knownFrom[replica] ?? Infinity) <= now,
    );
    if (known.length === 0) return { code: "AADSTS70021", details };
    const byIssuer = known.filter((credential) => credential.issuer === issuer);
    if (byIssuer.length === 0) return { code: "AADSTS700211", details };
    const bySubject = byIssuer.filter((credential) => credential.subject === subject);
    if (bySubject.length === 0) return { code: "AADSTS700213", details };
    if (bySubject.some(({ audience }) => audiences.includes(audience))) return undefined;
    return { code: "AADSTS700212", details };
  }
}
