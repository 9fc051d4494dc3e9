import type { AccessToken, GetTokenOptions, TokenCredential } from "@azure/core-auth";
import type { GuardOptions } from "../../src/config/options.js";
import type { GuardedCredential } from "../../src/guard/guarded-credential.js";
import { describeError, OURS, resultShape, type Classes, type Described } from "./classes.js";
import { forgetManagedIdentity, SDK } from "./recording-sdk.js";

/** What a call for a token came to: a token and its parts, or an error. */
export interface Outcome {
  readonly token?: AccessToken;
  readonly shape?: Readonly<Record<string, unknown>>;
  readonly error?: Described;
  readonly thrown?: unknown;
}

export function tokenOf({ token, error }: Outcome): AccessToken {
  if (token === undefined) throw new Error(`no token: ${error?.message ?? ""}`);
  return token;
}

export interface Call {
  /** JavaScript callers give anything. */
  readonly scopes: unknown;
  readonly options?: unknown;
}

/** A credential of one side: its class and its options. */
export interface Spec {
  readonly of: keyof Classes;
  readonly options?: object;
  /** The first argument of ManagedIdentityCredential, where it is no options. */
  readonly clientId?: string;
}

/** The side of the SDK. */
export async function askSdk(spec: Spec, call: Call): Promise<Outcome> {
  return await ask(construct(SDK, spec), call);
}

/** The side of this library, where nothing asks for guarding. */
export async function askUnguarded(spec: Spec, call: Call): Promise<Outcome> {
  await using credential = construct(OURS, spec) as GuardedCredential;
  return await ask(credential, call);
}

/** The side of this library, guarding. */
export async function askGuarded(spec: Spec, call: Call, guard: GuardOptions): Promise<Outcome> {
  await using credential = construct(OURS, {
    ...spec,
    options: { ...spec.options, guard },
  }) as GuardedCredential;
  return await ask(credential, call);
}

function construct(from: Classes, { of, options, clientId }: Spec): TokenCredential {
  forgetManagedIdentity();
  const given = { ...options };
  return clientId === undefined ? new from[of](given) : new from.ManagedIdentityCredential(clientId, given);
}

async function ask(credential: TokenCredential, { scopes, options }: Call): Promise<Outcome> {
  try {
    // A promise that rejects and a call that throws are not the same to who awaits neither.
    const promise = credential.getToken(scopes as string, options as GetTokenOptions | undefined);
    if (!(promise instanceof Promise)) throw new TypeError("getToken returned no promise");
    return await promise.then(
      (token) => {
        if (token === null) throw new TypeError("getToken resolved with null");
        return { token, shape: resultShape(token) };
      },
      (thrown: unknown) => ({ error: describeError(thrown), thrown }),
    );
  } catch (error) {
    throw new Error("getToken threw where it should have rejected", { cause: error });
  }
}
