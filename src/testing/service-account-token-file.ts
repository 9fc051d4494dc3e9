import { randomUUID } from "node:crypto";
import { chmodSync, lstatSync, mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { ClusterIssuer } from "./cluster-issuer.js";
import { guidOf } from "./simulated-identity.js";
import type { SimulatedTime } from "./simulated-time.js";

/**
 * A service account token as the kubelet projects it into a pod.
 *
 * @public
 */
export interface ServiceAccountTokenInit {
  /** Default `default`. */
  readonly namespace?: string | undefined;
  /** Name of the service account. Default `app`. */
  readonly serviceAccount?: string | undefined;
  /** Default `api://AzureADTokenExchange`. */
  readonly audience?: string | undefined;
  /** Default: the URL of the cluster's issuer, whose key signs it in any case. */
  readonly issuer?: string | undefined;
  /** Milliseconds from issue to expiry. Default 1 h, the webhook's. */
  readonly lifetimeMs?: number | undefined;
  /** Milliseconds since its issue: more than the lifetime makes it stale. Default 0. */
  readonly issuedAgoMs?: number | undefined;
  /** With a signature that is not the cluster's. Default `false`. */
  readonly forged?: boolean | undefined;
}

export const TOKEN_EXCHANGE_AUDIENCE = "api://AzureADTokenExchange";

/** `sub` of a service account's tokens. */
export function subjectOf({
  namespace = "default",
  serviceAccount = "app",
}: ServiceAccountTokenInit): string {
  return `system:serviceaccount:${namespace}:${serviceAccount}`;
}

const HOUR_MS = 3_600_000;
const FILE = "azure-identity-token";

/**
 * The file that `AZURE_FEDERATED_TOKEN_FILE` names, laid out as the kubelet does (Kubernetes
 * pkg/volume/util/atomic_writer.go): a link into the folder `..data`, itself a link that each rotation replaces.
 *
 * @public
 */
export class ServiceAccountTokenFile {
  readonly path: string;
  readonly #directory: string;
  readonly #issuer: ClusterIssuer;
  readonly #time: SimulatedTime;
  readonly #init: ServiceAccountTokenInit;
  #version = 0;

  /** @internal */
  constructor(directory: string, issuer: ClusterIssuer, time: SimulatedTime, init: ServiceAccountTokenInit) {
    this.#directory = directory;
    this.#issuer = issuer;
    this.#time = time;
    this.#init = init;
    this.path = join(directory, FILE);
  }

  /** `system:serviceaccount:<namespace>:<name>` of the tokens that `rotate()` writes. */
  get subject(): string {
    return subjectOf(this.#init);
  }

  /**
   * Puts a new token in place of what is there, which the kubelet does at about 80 % of its life. `changes` differ from
   * what the file was made with, for this token alone.
   */
  async rotate(changes: ServiceAccountTokenInit = {}): Promise<void> {
    this.write(await this.createToken(changes));
  }

  /** A token that `rotate()` would write. */
  async createToken(changes: ServiceAccountTokenInit = {}): Promise<string> {
    const init = { ...this.#init, ...changes };
    const { namespace = "default", serviceAccount = "app", lifetimeMs = HOUR_MS, issuedAgoMs = 0 } = init;
    const issuedAt = Math.floor((this.#time.now() - issuedAgoMs) / 1000);
    // Claims as in "Managing Service Accounts" of the Kubernetes documentation.
    const claims = {
      aud: [init.audience ?? TOKEN_EXCHANGE_AUDIENCE],
      exp: issuedAt + Math.floor(lifetimeMs / 1000),
      iat: issuedAt,
      iss: init.issuer ?? this.#issuer.url,
      jti: randomUUID(),
      "kubernetes.io": {
        namespace,
        pod: { name: serviceAccount, uid: guidOf(`pod ${serviceAccount}`) },
        serviceaccount: { name: serviceAccount, uid: guidOf(`service account ${serviceAccount}`) },
      },
      nbf: issuedAt,
      sub: subjectOf(init),
    };
    return await this.#issuer.sign(claims, init.forged ?? false);
  }

  /** Puts any text in its place: garbage, nothing at all, another cluster's token. */
  write(text: string): void {
    const folder = `..${++this.#version}`;
    const data = join(this.#directory, "..data");
    mkdirSync(join(this.#directory, folder));
    writeFileSync(join(this.#directory, folder, FILE), text);
    symlinkSync(folder, `${data}_tmp`);
    renameSync(`${data}_tmp`, data);
    if (lstatSync(this.path, { throwIfNoEntry: false })?.isSymbolicLink() !== true) {
      this.remove();
      symlinkSync(join("..data", FILE), this.path);
    }
    rmSync(join(this.#directory, `..${this.#version - 1}`), { recursive: true, force: true });
  }

  /** Takes the file away, until the next `rotate()` or `write()`. */
  remove(): void {
    rmSync(this.path, { recursive: true, force: true });
  }

  /**
   * Makes reading fail until the next `rotate()` or `write()`: with EACCES, or with EISDIR where this process is root, whom
   * no permission stops.
   */
  makeUnreadable(): void {
    if (process.getuid?.() !== 0) {
      chmodSync(this.path, 0);
      return;
    }
    this.remove();
    mkdirSync(this.path);
  }
}
