import type { ManagedIdentityId } from "../endpoint/identity-endpoint.js";
import { createExpectation } from "../identity/expectation.js";
import { warnOnce } from "../logger.js";
import type { DropInContext } from "./drop-in.js";
import { misconfigured } from "./misconfigured.js";

/**
 * An exchange of the service account token names its identity by client ID alone. Another id that was asked for cannot be
 * sent: an object ID is expected of the tokens instead, of a resource ID a warning says that it does nothing.
 *
 * Throws `ERR_GUARD_CONFIGURATION` for an object ID that no token could have.
 */
export function expectingAsked(context: DropInContext, identity: ManagedIdentityId): DropInContext {
  if (identity.kind === "resourceId") {
    warnOnce(
      "resourceId has no effect with Workload ID, which gives tokens of AZURE_CLIENT_ID: " +
        "give clientId instead, or pin the identity with guard.expect.objectId",
    );
  }
  if (identity.kind !== "objectId") return context;
  const { options } = context;
  const { expectation: asked, problems } = createExpectation({ objectId: identity.value }, () => "objectId");
  if (asked === undefined) {
    throw misconfigured("objectId", identity.value, problems[0]?.expected ?? "an object ID");
  }
  const { expectation = asked } = options;
  const pinned = expectation.objectIds;
  if (pinned.length > 0 && !asked.objectIds.every((id) => pinned.includes(id))) {
    throw misconfigured("objectId", identity.value, `an object ID that is expected: ${pinned.join(" or ")}`);
  }
  const both = Object.freeze({ ...expectation, objectIds: asked.objectIds });
  return { ...context, options: Object.freeze({ ...options, expectation: both }) };
}
