import type { WorkloadIdentityCredentialOptions } from "@azure/identity";
import { DropIn, dropInContext, type GuardOption } from "./drop-in.js";
import { federated, sdkWorkloadIdentity } from "./federation.js";
import { unguarded } from "./make-guarded.js";

/**
 * Constructor options: those of `@azure/identity`, and `guard`.
 *
 * @public
 */
export type GuardedWorkloadIdentityOptions = WorkloadIdentityCredentialOptions & GuardOption;

/**
 * `WorkloadIdentityCredential` of `@azure/identity`, guarded.
 *
 * Where guarding is on, it waits for the service account token in its file, reads it anew for each attempt, and asks again
 * while Entra ID does not know a federated credential yet. Where the Workload ID webhook has not injected what it should,
 * and options do not stand in for it, `getToken` rejects with `ERR_GUARD_GATE_CLOSED` at once.
 *
 * Throws `ERR_GUARD_CONFIGURATION`; where guarding is off, what the SDK's class throws.
 *
 * @public
 */
export class WorkloadIdentityCredential extends DropIn {
  constructor(options?: GuardedWorkloadIdentityOptions) {
    const { guard, ...given }: GuardedWorkloadIdentityOptions = { ...options };
    const context = dropInContext(guard, new.target);
    super(
      context.guarding ? federated(context, given) : unguarded(context, sdkWorkloadIdentity(context)(given)),
    );
  }
}
