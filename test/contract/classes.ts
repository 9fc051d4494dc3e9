import type { AccessToken, TokenCredential } from "@azure/core-auth";
import * as sdk from "@azure/identity";
import { DefaultAzureCredential } from "../../src/guard/default-azure-credential.js";
import type { GuardedCredential } from "../../src/guard/guarded-credential.js";
import { ManagedIdentityCredential } from "../../src/guard/managed-identity-credential.js";
import { WorkloadIdentityCredential } from "../../src/guard/workload-identity-credential.js";

/** What both sides can be asked for; the SDK's own declarations decide what the arguments are. */
export interface Classes<Credential extends TokenCredential = TokenCredential> {
  readonly DefaultAzureCredential: new (
    options?:
      | sdk.DefaultAzureCredentialClientIdOptions
      | sdk.DefaultAzureCredentialResourceIdOptions
      | sdk.DefaultAzureCredentialOptions,
  ) => Credential;
  readonly ManagedIdentityCredential: {
    new (clientId: string, options?: sdk.TokenCredentialOptions): Credential;
    new (
      options?:
        | sdk.ManagedIdentityCredentialClientIdOptions
        | sdk.ManagedIdentityCredentialResourceIdOptions
        | sdk.ManagedIdentityCredentialObjectIdOptions,
    ): Credential;
  };
  readonly WorkloadIdentityCredential: new (options?: sdk.WorkloadIdentityCredentialOptions) => Credential;
}

export const CLASS_NAMES: readonly (keyof Classes)[] = [
  "DefaultAzureCredential",
  "ManagedIdentityCredential",
  "WorkloadIdentityCredential",
];

/** A row of the contract: how an application makes a credential, from either side. */
export type Make = (from: Classes) => TokenCredential;

interface GuardedClasses extends Classes<GuardedCredential> {
  readonly DefaultAzureCredential: typeof DefaultAzureCredential;
  readonly ManagedIdentityCredential: typeof ManagedIdentityCredential;
  readonly WorkloadIdentityCredential: typeof WorkloadIdentityCredential;
}

/** The side of this library. */
export const OURS: GuardedClasses = {
  DefaultAzureCredential,
  ManagedIdentityCredential,
  WorkloadIdentityCredential,
};

/** An error by its class, so that `instanceof` cannot tell two of them apart, and by what it says. */
export interface Described {
  readonly error: unknown;
  readonly name: string;
  readonly message: string;
  readonly errors?: readonly Described[];
}

/** What differs between two calls of the same credential: correlation IDs, trace IDs, times. */
const VARYING =
  /(?<=(?:Correlation|Trace) ID: )[\da-f-]{36}|\d{4}-\d\d-\d\d[ T][\d:.]+Z?|(?<=correlationId: )[\da-f-]{36}/giu;

export function describeError(error: unknown): Described {
  if (!(error instanceof Error)) throw new Error(`not an error: ${String(error)}`);
  const { constructor, name, message } = error;
  const errors = error instanceof sdk.AggregateAuthenticationError ? error.errors.map(describeError) : [];
  return { error: constructor, name, message: message.replace(VARYING, "*"), errors };
}

export function thrownBy(make: () => unknown): Described | undefined {
  try {
    make();
    return undefined;
  } catch (error) {
    return describeError(error);
  }
}

/** What a call came to; a token is told by what it is made of, since two requests bring two tokens. */
export async function settled(
  call: () => Promise<AccessToken | null>,
): Promise<Described | Readonly<Record<string, unknown>>> {
  try {
    return resultShape(await call());
  } catch (error) {
    return describeError(error);
  }
}

export function resultShape(token: AccessToken | null): Readonly<Record<string, unknown>> {
  if (token === null) return { token };
  const { tokenType } = token;
  return {
    ...Object.fromEntries(Object.entries(token).map(([key, value]) => [key, typeof value])),
    tokenType,
  };
}
