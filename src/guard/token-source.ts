import type { AccessToken, GetTokenOptions, TokenCredential } from "@azure/core-auth";
import type { IdentityEndpoint } from "../endpoint/identity-endpoint.js";
import type { IdentityGuardError } from "../errors.js";
import { AttemptFailure, type Provenance } from "../retry/attempt-failure.js";
import { misconfigured } from "./misconfigured.js";

/** A request for a token, as the caller that started the acquisition made it, without its signal. */
export interface TokenRequest {
  readonly scopes: readonly string[];
  readonly options: Omit<GetTokenOptions, "abortSignal">;
}

export interface AcquiredToken {
  readonly token: AccessToken;
  /** Absent where the answer went through somebody else's code. */
  readonly provenance?: Provenance;
  readonly status?: number;
}

/** Where tokens come from: the identity endpoint itself, or a credential that asks for us. */
export interface TokenSource {
  /** For messages. */
  readonly description: string;
  /**
   * What changes the request that is sent: for a managed identity the resource alone (the SDK's clients send
   * `enableCae` and `tenantId`, which such an endpoint has no place for), else also tenant, CAE and proof of possession.
   */
  readonly keyedBy: "resource" | "request";
  /** The tenant that is asked where a call names none, as far as that is known: naming it changes no request. */
  readonly ownTenant?: string | undefined;
  /** Whether the request is sent by our own code, on a connection of its own, and can be cut. */
  readonly direct: boolean;
  /** What could be asked in its place that keeps no cache, for messages. */
  readonly cacheless?: string;
  /** One token request. Rejects with an {@link AttemptFailure}, or with whatever the credential throws. */
  acquire(request: TokenRequest, signal: AbortSignal): Promise<AcquiredToken>;
}

/** `https://vault.azure.net/.default` asks for the resource `https://vault.azure.net`, as in the Azure SDK. */
export function resourceOf(scope: string): string {
  return scope.endsWith("/.default") ? scope.slice(0, -"/.default".length) : scope;
}

/**
 * The identity endpoint itself. It is loading still: the HTTP stack takes longer to load than all the rest, many a
 * process that imports the library never needs it, and the others load it while they wait for the gate.
 */
export function endpointSource(url: string, loading: Promise<IdentityEndpoint>): TokenSource {
  // Whoever asks for a token is told.
  loading.catch(() => undefined);
  return {
    description: `the identity endpoint at ${url}`,
    keyedBy: "resource",
    direct: true,
    async acquire({ scopes, options }, signal) {
      const endpoint = await loading;
      const answer = await endpoint.requestToken(resourceOf(scopes[0] ?? ""), {
        signal,
        ...(options.tracingOptions === undefined ? {} : { tracingOptions: options.tracingOptions }),
      });
      const { provenance, status, ...token } = answer;
      return { provenance, status, token };
    },
  };
}

/** A credential of the SDK or of the user. `get` is called at each request, so that the SDK is loaded at first need. */
export function credentialSource(
  description: string,
  get: () => TokenCredential,
  keyedBy: "resource" | "request" = "request",
): TokenSource {
  return {
    description,
    keyedBy,
    direct: false,
    acquire: async (request, signal) => await tokenOf(get(), { description, request, signal }),
  };
}

/** Asks a credential. Rejects with an {@link AttemptFailure} where it returns no token, else with what it throws. */
export async function tokenOf(
  credential: TokenCredential,
  {
    description,
    request: { scopes, options },
    signal,
  }: { readonly description: string; readonly request: TokenRequest; readonly signal: AbortSignal },
): Promise<AcquiredToken> {
  const asked = scopes.length === 1 && scopes[0] !== undefined ? scopes[0] : [...scopes];
  const token = await credential.getToken(asked, { ...options, abortSignal: signal });
  // JavaScript credentials may return anything.
  const given: { readonly token?: unknown; readonly expiresOnTimestamp?: unknown } | null | undefined = token;
  if (typeof given?.token !== "string" || given.token === "") {
    throw new AttemptFailure(`${description} returned no token`, { kind: "no-token" });
  }
  return { token: { ...given, token: given.token, expiresOnTimestamp: Number(given.expiresOnTimestamp) } };
}

/** The part of a request, beside its scopes, that changes what is sent. */
export function requestKey(
  name: string,
  options: GetTokenOptions | null | undefined,
  ownTenant?: string,
): string {
  // JavaScript callers give null, too.
  const { tenantId: named, enableCae, proofOfPossessionOptions: pop } = options ?? {};
  const tenantId = named === ownTenant ? undefined : named;
  if (tenantId === undefined && enableCae !== true && pop === undefined) return name;
  const bound = pop === undefined ? "" : JSON.stringify(pop);
  return `${name}\n${tenantId ?? ""}\n${enableCae === true ? "cae" : ""}\n${bound}`;
}

/** The key of a request, and its name for people. Throws `ERR_GUARD_CONFIGURATION` for scopes that cannot be asked for. */
export function keyOf(
  scopes: readonly string[],
  options: GetTokenOptions | undefined,
  source: Pick<TokenSource, "keyedBy" | "description" | "ownTenant">,
): { readonly name: string; readonly id: string } {
  checkScopes(scopes, source);
  if (source.keyedBy === "request") {
    const name = scopes.join(" ");
    return { name, id: requestKey(name, options, source.ownTenant) };
  }
  const name = resourceOf(scopes[0] ?? "");
  return { name, id: name };
}

/** Throws `ERR_GUARD_CONFIGURATION` for scopes that no request can be made of. */
function checkScopes(scopes: readonly string[], source: Pick<TokenSource, "keyedBy" | "description">): void {
  const problem = (expected: string): IdentityGuardError<"ERR_GUARD_CONFIGURATION"> =>
    misconfigured("scopes", scopes, expected);
  const blank = scopes.some((scope: unknown) => typeof scope !== "string" || scope.trim() === "");
  if (scopes.length === 0 || blank) {
    throw problem("a scope such as https://vault.azure.net/.default, or an array of them");
  }
  if (source.keyedBy === "resource" && scopes.length > 1) {
    throw problem(
      "a managed identity gives tokens for one resource at a time: give exactly one scope, and call getToken once for each",
    );
  }
}
