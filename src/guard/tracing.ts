import { createTracingClient } from "@azure/core-tracing";
import { PACKAGE_NAME, PACKAGE_VERSION } from "../package-info.js";
import type { TokenRequest } from "./token-source.js";
import type { WaiterKind } from "./waiter.js";

const tracing = createTracingClient({
  namespace: "Microsoft.AAD",
  packageName: PACKAGE_NAME,
  packageVersion: PACKAGE_VERSION,
});

/** The names of the spans. A call that the cache serves makes none. */
const SPANS: Readonly<Record<WaiterKind, string>> = {
  caller: "IdentityGuard.getToken",
  refresh: "IdentityGuard.refresh",
  "warm-up": "IdentityGuard.warmUp",
};

/**
 * Waits within a span, as every `getToken` of the Azure SDK is one. It is part of the span that the request names in its
 * `tracingOptions`, else of the active one; what `wait` sends is part of it, and what it throws is recorded.
 */
export async function inSpan<T>(
  kind: WaiterKind,
  { scopes, options }: TokenRequest,
  wait: (request: TokenRequest) => Promise<T>,
): Promise<T> {
  return await tracing.withSpan(
    SPANS[kind],
    options,
    async (traced) => await wait({ scopes, options: traced }),
  );
}
