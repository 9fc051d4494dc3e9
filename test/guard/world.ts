import type { HttpClient, PipelineResponse } from "@azure/core-rest-pipeline";
import { createHttpHeaders } from "@azure/core-rest-pipeline";
// Loaded here, since a world on a clock of its own does not wait for files.
import "../../src/endpoint/identity-endpoint.js";
import type { EnvironmentValues } from "../../src/config/environment.js";
import { resolveOptions, type GuardOptions } from "../../src/config/options.js";
import type { HttpProbe } from "../../src/gate/route-probe.js";
import type { TokenFileReader } from "../../src/gate/token-file.js";
import type { DropInContext } from "../../src/guard/drop-in.js";
import type { GuardedCredential } from "../../src/guard/guarded-credential.js";
import {
  managedIdentity,
  type AnyManagedIdentityOptions,
} from "../../src/guard/managed-identity-credential.js";
import { isolatedPorts } from "../../src/guard/ports.js";
import { resolveGate } from "../../src/guard/resolve-gate.js";
import { createRegistry, type GuardPorts } from "../../src/guard/registry.js";
import { ManualClock } from "../../src/testing/manual-clock.js";

/** Object IDs of the identity that is expected, and of one that is not. */
export const RIGHT = "11111111-1111-4111-8111-111111111111";
export const WRONG = "22222222-2222-4222-8222-222222222222";
export const SCOPE = "https://vault.azure.net/.default";

const segment = (value: object): string => Buffer.from(JSON.stringify(value)).toString("base64url");

/** An unsigned token: the guard decodes and never verifies signatures, which clients cannot. */
export function unsignedToken(oid: string, expiresAt: number, serial = 0): string {
  const claims = { ver: "1.0", oid, exp: Math.floor(expiresAt / 1000), uti: serial };
  return `${segment({ alg: "none", typ: "JWT" })}.${segment(claims)}.c2lnbmF0dXJl`;
}

/** What answers one token request. */
export interface Answer {
  readonly status: number;
  readonly body: string;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface TokenAnswerOptions {
  readonly oid?: string;
  readonly lifeMs?: number;
  readonly by?: "nmi" | "imds" | "proxy" | "unknown";
  readonly serial?: number;
}

/** The `Server` header of each who may answer. */
export const SERVERS: Readonly<Record<"nmi" | "imds" | "proxy" | "unknown", { readonly server?: string }>> = {
  nmi: {},
  imds: { server: "IMDS/150.870.65.1854" },
  proxy: { server: "azure-workload-identity/proxy/v1.6.0 (linux/amd64) 1234567/2025-01-01" },
  unknown: { server: "istio-envoy" },
};

export function tokenAnswer(now: number, options: TokenAnswerOptions = {}): Answer {
  const { oid = RIGHT, lifeMs = 86_400_000, by = "nmi", serial = 0 } = options;
  const expiresAt = now + lifeMs;
  const body = {
    access_token: unsignedToken(oid, expiresAt, serial),
    expires_on: String(Math.floor(expiresAt / 1000)),
    token_type: "Bearer",
    ...(by === "imds" ? { client_id: "x", ext_expires_in: "86399" } : {}),
  };
  return { status: 200, body: JSON.stringify(body), headers: SERVERS[by] };
}

/** A node without sockets: the test says what answers, on a clock of its own. */
export class World {
  readonly clock: ManualClock = new ManualClock({ now: Date.UTC(2026, 0, 1) });
  health: () => Awaited<ReturnType<HttpProbe>> | Error = () => ({
    status: 200,
    server: undefined,
    body: "Active",
  });
  route: () => Awaited<ReturnType<HttpProbe>> | Error = () => ({ status: 400, server: undefined, body: "" });
  /** Answers token request number `n`, counted from 1; the signal is the request's own. */
  token: (n: number, signal: AbortSignal) => Answer | Promise<Answer> = () => tokenAnswer(this.clock.now());
  /** `/readyz` of the migration proxy. */
  ready: () => Awaited<ReturnType<HttpProbe>> | Error = () => refused();
  /** The contents of the service account token's file. */
  file: () => string | Error = () => refused("ENOENT");
  random: () => number = () => 0.5;
  inKubernetes = true;
  requests = 0;
  inFlight = 0;
  mostInFlight = 0;
  healthChecks = 0;
  routeProbes = 0;
  /** Monotonic start of each token request. */
  readonly starts: number[] = [];
  readonly urls: string[] = [];
  /** URLs of health requests and route probes. */
  readonly probed: string[] = [];
  readonly ports: GuardPorts;

  constructor() {
    const send: HttpClient = {
      sendRequest: async (request) => {
        this.requests++;
        this.starts.push(this.clock.elapsed());
        this.urls.push(request.url);
        this.mostInFlight = Math.max(this.mostInFlight, ++this.inFlight);
        const signal = request.abortSignal as AbortSignal;
        try {
          const answer = await raced(this.token(this.requests, signal), signal);
          const headers = createHttpHeaders({ ...answer.headers });
          return {
            request,
            status: answer.status,
            bodyAsText: answer.body,
            headers,
          } satisfies PipelineResponse;
        } finally {
          this.inFlight--;
        }
      },
    };
    const probe: HttpProbe = async (url) => {
      this.probed.push(url);
      const isHealth = url.endsWith("/healthz");
      const isReady = url.endsWith("/readyz");
      if (isHealth) this.healthChecks++;
      else if (!isReady) this.routeProbes++;
      const answer = isHealth ? this.health() : isReady ? this.ready() : this.route();
      if (answer instanceof Error) throw answer;
      return answer;
    };
    const random = (): number => this.random();
    const readFile: TokenFileReader = async () => {
      const text = this.file();
      if (text instanceof Error) throw text;
      return { text };
    };
    const ports = isolatedPorts({ clock: this.clock, random, send, probe, readFile });
    this.ports = { ...ports, registry: createRegistry() };
  }

  /** A guarded managed identity; with `environment` nothing but what a test names is set. */
  credential(
    guard: GuardOptions = {},
    environment: EnvironmentValues = { HOST_IP: "10.240.0.4" },
    identity: AnyManagedIdentityOptions = {},
  ): GuardedCredential {
    return managedIdentity(this.context(guard, environment), identity);
  }

  context(guard: GuardOptions, environment: EnvironmentValues): DropInContext {
    const options = resolveOptions(guard, environment, { gate: "auto", expect: "environment" });
    const gate = resolveGate(options, environment, this.ports);
    const { inKubernetes, ports } = this;
    return { environment, options, gate, inKubernetes, guarding: true, ports };
  }
}

async function raced<T>(work: T | Promise<T>, signal: AbortSignal): Promise<T> {
  return await new Promise<T>((resolve, reject) => {
    const abort = (): void => reject(Object.assign(new Error("aborted"), { name: "AbortError" }));
    if (signal.aborted) abort();
    signal.addEventListener("abort", abort, { once: true });
    Promise.resolve(work)
      .then(resolve, reject)
      .finally(() => signal.removeEventListener("abort", abort));
  });
}

/** Node's error of a connection that failed. */
export function refused(code = "ECONNREFUSED"): Error {
  return Object.assign(new Error(`connect ${code}`), { code });
}

/** How a promise stands, without waiting for it. */
export async function outcome<T>(
  promise: Promise<T>,
): Promise<{ value: T } | { error: unknown } | "pending"> {
  return await Promise.race([
    promise.then(
      (value) => ({ value }),
      (error: unknown) => ({ error }),
    ),
    new Promise<"pending">((resolve) => setImmediate(() => setImmediate(() => resolve("pending")))),
  ]);
}
