import type { GateReason } from "../gate/gate.js";

/** The two services: the plain `@azure/identity`, and ours. */
export type Service = "plain" | "guarded";

export const SERVICES: readonly Service[] = ["plain", "guarded"];

/** A change on the simulated node; the script has one row for each. */
export type StepName =
  | "nmi-absent"
  | "nmi-not-active"
  | "nmi-active"
  | "identity-assigned"
  | "nmi-exits"
  | "second-resource"
  | "nmi-gone"
  | "nmi-returns"
  | "nmi-active-again";

/** An identity by the name of its Azure resource, and as tokens name it. */
export interface NamedPrincipal {
  readonly name: string;
  /** `oid` of its tokens. */
  readonly objectId: string;
}

/** What every event has. `at` is milliseconds since the Unix epoch; all processes of a run read the same clock. */
interface Happened<Who extends "node" | Service, Type extends string> {
  readonly who: Who;
  readonly type: Type;
  readonly at: number;
}

interface AboutResource<Type extends string> extends Happened<Service, Type> {
  /** For example `https://vault.azure.net`. */
  readonly resource: string;
}

/** A caller got an answer from the credential; `askedAt` says since when it had waited. */
interface Answered<Type extends string> extends AboutResource<Type> {
  readonly askedAt: number;
}

/** The run begins. */
export interface Started extends Happened<"node", "start"> {
  /** The pod's own identity, whose tokens are right. */
  readonly pod: NamedPrincipal;
  /** The node's identity, whose tokens are wrong for the pod. */
  readonly node: NamedPrincipal;
}

export interface NodeChanged extends Happened<"node", "step"> {
  readonly name: StepName;
}

/** A request arrived at the node, as the node's own log has it. */
export interface RequestSent extends Happened<Service, "request"> {
  readonly what: "token" | "health" | "route-probe";
  readonly answeredBy: "nmi" | "imds" | "health";
  /** Of a token request. */
  readonly resource?: string;
  /** The first product of the `User-Agent`, for example `azsdk-js-identity/4.13.1`. */
  readonly client?: string;
}

export type Asked = AboutResource<"asked">;

/** A caller holds a token: what its claims say, and never the token. */
export interface GotToken extends Answered<"token"> {
  /** `oid`; absent where the token is no readable JWT. */
  readonly objectId?: string;
  /** `expiresOnTimestamp`. */
  readonly expiresOn: number;
  /** `refreshAfterTimestamp`. */
  readonly refreshAfter?: number;
}

export interface GotError extends Answered<"error"> {
  /** `code` of the error, else its name. */
  readonly code: string;
}

export interface GateSeen extends Happened<"guarded", "gate"> {
  readonly state: "open" | "closed";
  readonly reason: GateReason;
}

export interface AttemptEnded extends Happened<"guarded", "attempt"> {
  readonly resource: string;
  readonly number: number;
  readonly outcome: "token" | "rejected" | "failed" | "abandoned";
  readonly reason?: string;
  readonly provenance?: string;
}

export interface TokenRejected extends Happened<"guarded", "rejected"> {
  readonly resource: string;
  readonly reason: string;
  readonly objectId?: string;
}

/** The guard checked a token and keeps it. */
export interface TokenVerified extends Happened<"guarded", "verified"> {
  readonly resource: string;
  readonly objectId?: string;
}

export interface HealthChanged extends Happened<"guarded", "health"> {
  readonly from: string;
  readonly to: string;
  readonly reason: string;
}

/** A service ended before it was told to. */
export interface ServiceDied extends Happened<Service, "died"> {
  /** Exit code or signal. */
  readonly by: string;
}

/** Everything that a run reports; the timeline, the verdict and `--json` are made of nothing else. */
export type DemoEvent =
  | Started
  | NodeChanged
  | RequestSent
  | Asked
  | GotToken
  | GotError
  | GateSeen
  | AttemptEnded
  | TokenRejected
  | TokenVerified
  | HealthChanged
  | ServiceDied;

/** What a service reports about itself. */
export type ServiceEvent = Exclude<DemoEvent, Started | NodeChanged | RequestSent | ServiceDied>;

/** A service can be asked. */
export interface Ready {
  readonly kind: "ready";
  /** Where its status page is, of a service that has one. */
  readonly page?: string;
}

/** From a service to its parent. */
export type FromService =
  | Ready
  | { readonly kind: "event"; readonly event: ServiceEvent }
  | { readonly kind: "unusable"; readonly code: string }
  | { readonly kind: "stopped" };

/** From the parent to a service. */
export type ToService = { readonly kind: "ask"; readonly resource: string } | { readonly kind: "stop" };
