export type { Clock, SleepOptions } from "../clock.js";
export type { UpstreamCall } from "./adal.js";
export { AppServiceSimulator } from "./app-service.js";
export type { AppServiceSimulatorOptions } from "./app-service.js";
export { ArcSimulator } from "./arc.js";
export type { ArcSimulatorOptions } from "./arc.js";
export type { AssignedIdentities } from "./assigned-identities.js";
export type { ServerCertificate } from "./certificate-authority.js";
export type { ClusterIssuer } from "./cluster-issuer.js";
export { startControl } from "./control.js";
export type { Control, ControlOptions } from "./control.js";
export type { EgressProxy, EgressRoute } from "./egress-proxy.js";
export type { ApplicationInit, EntraDirectory, ResourceInit } from "./entra-directory.js";
export type { EntraErrorCode } from "./entra-error-codes.js";
export { entraFault } from "./entra-error.js";
export type { EntraErrorDetails } from "./entra-error.js";
export type { EntraCounters } from "./entra-handler.js";
export type { EntraSimulatorOptions } from "./entra-options.js";
export { EntraSimulator } from "./entra.js";
export type { FaultHandle, FaultOptions, FaultRequest, FaultScript } from "./fault-script.js";
export type { Fault, FaultTarget } from "./faults.js";
export type {
  FederatedCredential,
  FederatedCredentialInit,
  FederatedCredentials,
} from "./federated-credentials.js";
export type { Imds, ImdsCounters, ImdsOptions } from "./imds.js";
export { ManualClock } from "./manual-clock.js";
export type { AssignOptions, Assignment, Mic } from "./mic.js";
export { mintToken, publishedKeys } from "./mint-token.js";
export type { MintOptions, TokenClaims } from "./mint-token.js";
export type { NmiSettings, NmiSettingsInit } from "./nmi-settings.js";
export type { Nmi, NmiStartOptions, NmiState } from "./nmi.js";
export { NodeSimulator } from "./node-simulator.js";
export type { PodInit, SimulatedPod } from "./pods.js";
export { MigrationProxy } from "./proxy.js";
export type { MigrationProxyOptions } from "./proxy.js";
export type { ImdsLimits, ImdsLimitsInit } from "./rate-limit.js";
export type { Answerer, RecordedRequest } from "./request-log.js";
export type { ServiceAccountTokenFile, ServiceAccountTokenInit } from "./service-account-token-file.js";
export { createIdentity } from "./simulated-identity.js";
export type { IdentityInit, IdentityRef, SimulatedIdentity } from "./simulated-identity.js";
export type { SimulatedServer, SimulatedServerOptions } from "./simulated-server.js";
export type { NodeSimulatorOptions } from "./simulator-options.js";
export type { TokenOptions } from "./token-cache.js";
export type { TokenRevocation } from "./token-revocation.js";
