export { guard } from "./guard/guard.js";
export type { GuardedCredential } from "./guard/guarded-credential.js";
export {
  DefaultAzureCredential,
  type GuardedDefaultAzureCredentialOptions,
} from "./guard/default-azure-credential.js";
export {
  ManagedIdentityCredential,
  type GuardedManagedIdentityOptions,
} from "./guard/managed-identity-credential.js";
export {
  WorkloadIdentityCredential,
  type GuardedWorkloadIdentityOptions,
} from "./guard/workload-identity-credential.js";
export type { GuardOption } from "./guard/drop-in.js";
export { nmiGate, type NmiGateOptions } from "./gate/nmi-gate.js";
export { proxyGate, type ProxyGateOptions } from "./gate/proxy-gate.js";
export { workloadIdentityGate, type WorkloadIdentityGateOptions } from "./gate/workload-identity-gate.js";
export type { Gate, GateObservation, GateReason } from "./gate/gate.js";
export {
  IdentityGuardError,
  isGuardError,
  type AnyIdentityGuardError,
  type AttemptRecord,
  type ClaimMismatch,
  type ConfigurationProblem,
  type ErrorDetails,
  type GuardErrorCode,
} from "./errors.js";
export type {
  GateChoice,
  GuardOptions,
  HealthOptions,
  NmiOptions,
  ProxyOptions,
  RetryOptions,
} from "./config/options.js";
export type { ExpectOptions } from "./identity/expectation.js";
export type { TokenIdentity } from "./identity/token-claims.js";
export type { HealthState, TokenFailure } from "./health/health.js";
export type { HealthMonitor } from "./health/health-monitor.js";
export type { HealthSnapshot, KeySnapshot } from "./health/health-snapshot.js";
export type { AcquisitionOutcome, GuardEvent, GuardEventName, GuardEvents } from "./health/guard-events.js";
export type { GuardChannelMessage } from "./health/guard-channels.js";
export type { HealthCheck, ProbeName } from "./health/health-report.js";
export type { HealthMetrics } from "./health/health-metrics.js";
export type { AbortSignalLike } from "./abort.js";
export type { FailureReason } from "./retry/classify-failure.js";
export type { Provenance } from "./retry/attempt-failure.js";
