import type { TokenCredential } from "@azure/core-auth";
import type { EnvironmentValues } from "../config/environment.js";
import type { ResolvedOptions } from "../config/options.js";
import { namesSource } from "../config/identity-sources.js";
import type { Gate } from "../gate/gate.js";
import type { StateSpec } from "./state-spec.js";
import { credentialSource } from "./token-source.js";

/** What makes the state of a credential of the application's own. */
export function wrappedSpec(
  credential: TokenCredential,
  gate: Gate | undefined,
  options: ResolvedOptions,
  environment: EnvironmentValues,
): StateSpec {
  // An object without a prototype has no constructor.
  const { constructor } = credential as { readonly constructor?: { readonly name: string } };
  const name = constructor?.name ?? "Object";
  const source = credentialSource(`the credential ${name}`, () => credential);
  const named = namesSource(environment);
  return {
    name: options.health.name ?? name,
    // Of the sources that the environment may name, the guarded class would ask through the same cache.
    source: named ? source : { ...source, cacheless: "the guarded ManagedIdentityCredential" },
    gate,
    classification: {
      inKubernetes: environment["KUBERNETES_SERVICE_HOST"] !== undefined,
      delegated: true,
      namesSource: named,
    },
    options,
  };
}
