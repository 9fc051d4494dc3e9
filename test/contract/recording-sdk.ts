import * as sdk from "@azure/identity";
import type { AzureIdentity } from "../../src/guard/azure-identity.js";

/** A credential of the SDK that was made. */
export interface Made {
  readonly name: string;
  /** Copies: the SDK's constructors write into their options. */
  readonly args: readonly unknown[];
  readonly credential: object;
}

/** What was made of the SDK since the test began, by either side. */
export const made: Made[] = [];

const RECORDED = [
  "DefaultAzureCredential",
  "ManagedIdentityCredential",
  "WorkloadIdentityCredential",
  "EnvironmentCredential",
] as const;

/** The installed SDK, which remembers what was made of it: for `azureIdentity`, and the side of the SDK. */
export const SDK: AzureIdentity = {
  ...sdk,
  ...Object.fromEntries(RECORDED.map((name) => [name, recording(name, sdk[name])])),
};

function recording(name: string, original: new (...args: never[]) => object): object {
  return new Proxy(original, {
    construct(target, args: never[]) {
      const copies = args.map((each: unknown) =>
        typeof each === "object" && each !== null ? { ...each } : each,
      );
      const credential = new target(...args);
      made.push({ name, args: copies, credential });
      return credential;
    },
  });
}

/**
 * MSAL keeps, for the whole process, where managed identities come from, whom it asked first, and their tokens. Rows that
 * are to be asked anew in another environment forget all of it.
 */
export function forgetManagedIdentity(): void {
  const { managedIdentityApp: app } = new sdk.ManagedIdentityCredential({
    authorityHost: sdk.AzureAuthorityHosts.AzurePublicCloud,
  }) as unknown as {
    readonly managedIdentityApp: {
      readonly constructor: { nodeStorage: unknown };
      readonly managedIdentityClient: {
        readonly constructor: { sourceName: unknown; identitySource: unknown };
      };
    };
  };
  const { constructor: client } = app.managedIdentityClient;
  if (app.constructor.nodeStorage === undefined || !("sourceName" in client))
    throw new Error("MSAL has changed");
  app.constructor.nodeStorage = undefined;
  client.sourceName = undefined;
  client.identitySource = undefined;
}
