import type { Reach } from "./courses.js";
import type { VariantName } from "./variants.js";

/** What has to be in order for a check to pass. */
export type Check = Exclude<Reach, "nothing">;

/** What the parts of a strategy look at. */
export interface Promises {
  /** `plain`: credentials of the SDK as they are; `guarded`: of this library. */
  readonly application: "plain" | "guarded";
  /** What the application's container waits for. Absent: nothing. */
  readonly start?: Check;
  /** Whether it waits for Azure Resource Manager, too. */
  readonly needsRole?: true;
  /** What readiness and liveness look at. Absent: nothing. */
  readonly readiness?: Check;
  readonly liveness?: Check;
  /** Liveness restarts the sidecar, and not the application. */
  readonly restartsSidecar?: true;
  /** Whether who answers probes keeps tokens: a good one counts until it runs out, and liveness waits for that and 30 s more. */
  readonly keepsTokens?: true;
  /** Whether a guarded application is told whose token to expect. */
  readonly pinned?: true;
}

const NMI_IN_CODE: Promises = {
  application: "guarded",
  readiness: "nmi",
  liveness: "nmi",
  keepsTokens: true,
};

/** From these and the course of a scenario follows what must be seen. */
export const PROMISES: Readonly<Record<VariantName, Promises>> = {
  "nmi-init": { application: "plain", start: "nmi" },
  "nmi-exec-probes": { application: "plain", readiness: "nmi", liveness: "nmi" },
  "nmi-in-code": NMI_IN_CODE,
  "nmi-in-code-oid": { ...NMI_IN_CODE, pinned: true },
  "token-init": { application: "plain", start: "token" },
  "arm-init": { application: "plain", start: "token", needsRole: true },
  "token-exec-probes": { application: "plain", readiness: "token", liveness: "token" },
  "token-in-code": {
    application: "guarded",
    readiness: "token",
    liveness: "nmi",
    keepsTokens: true,
    pinned: true,
  },
  sidecar: {
    application: "plain",
    start: "token",
    readiness: "token",
    liveness: "nmi",
    restartsSidecar: true,
    keepsTokens: true,
  },
  "shell-wget": { application: "plain", start: "status", readiness: "status", liveness: "status" },
};
