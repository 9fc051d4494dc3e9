import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createCertificateAuthority } from "./certificate-authority.js";
import type { CertificateAuthority, ServerCertificate } from "./certificate-authority.js";
import { ClusterIssuer } from "./cluster-issuer.js";
import { EgressProxy } from "./egress-proxy.js";
import { EntraDirectory } from "./entra-directory.js";
import { ENTRA_HOSTS, EntraHandler, isTokenRequest } from "./entra-handler.js";
import type { EntraCounters } from "./entra-handler.js";
import type { EntraSimulatorOptions } from "./entra-options.js";
import type { Responder } from "./exchange-server.js";
import { FederatedCredentials } from "./federated-credentials.js";
import { ServiceAccountTokenFile, subjectOf, TOKEN_EXCHANGE_AUDIENCE } from "./service-account-token-file.js";
import type { ServiceAccountTokenInit } from "./service-account-token-file.js";
import type { SimulatedIdentity } from "./simulated-identity.js";
import { SimulatedServer } from "./simulated-server.js";
import type { TokenOptions } from "./token-cache.js";
import { TokenEndpoint } from "./token-endpoint.js";
import { TokenRevocation } from "./token-revocation.js";

const REPLICAS = 3;
const MAX_BODY_BYTES = 64 * 1024;
const NO_PROXY = "127.0.0.1,localhost,169.254.169.254";

/**
 * Microsoft Entra ID on loopback, over HTTPS with a certificate made at the start, and what a pod with Workload ID has of it:
 * the service account's token file and the variables that the webhook injects. Needs no network, no cluster, no privileges.
 *
 * @example
 * ```ts
 * await using entra = await EntraSimulator.start();
 * const child = spawn(process.execPath, ["app.js"], { env: { ...process.env, ...entra.environment } });
 *
 * // One of three replicas learns of a credential at once, the others after 20 s and 45 s.
 * entra.federatedCredentials.remove(entra.identity);
 * entra.federatedCredentials.add(entra.identity, { knownAfterMs: [0, 20_000, 45_000] });
 * await entra.tokenFile.rotate({ issuedAgoMs: 7_200_000 }); // AADSTS700024
 * ```
 *
 * @public
 */
export class EntraSimulator extends SimulatedServer<"entra"> {
  /** Tenants, applications and resources. */
  readonly directory: EntraDirectory = new EntraDirectory();
  /** Whom the applications trust, and which replicas know of it. */
  readonly federatedCredentials: FederatedCredentials;
  /** The issuer of the service account tokens. */
  readonly cluster: ClusterIssuer;
  /** Claims challenges: what a resource of the test's own needs of them. */
  readonly revocation: TokenRevocation;
  /** What `HTTPS_PROXY` leads to. */
  readonly egress: EgressProxy;
  /** The application that the pod is meant to use. */
  readonly identity: SimulatedIdentity;
  /** The pod's token. */
  readonly tokenFile: ServiceAccountTokenFile;
  readonly #authority: CertificateAuthority = createCertificateAuthority();
  readonly #directoryPath: string;
  readonly #handler: EntraHandler;
  #tokens: TokenOptions;

  private constructor(options: EntraSimulatorOptions) {
    super(options);
    const { application = { name: "app" }, serviceAccount = {}, replicas = REPLICAS } = options;
    if (!Number.isInteger(replicas) || replicas < 1) {
      throw new RangeError(`"replicas" is ${replicas}; give a whole number, 1 or more`);
    }
    this.#tokens = options.tokens ?? {};
    this.cluster = new ClusterIssuer(options.issuer);
    this.egress = new EgressProxy(options.host ?? "127.0.0.1");
    this.revocation = new TokenRevocation(
      this.time,
      () => `${this.authorityHost}${this.identity.tenantId}/oauth2/authorize`,
    );
    this.federatedCredentials = new FederatedCredentials(this.time, replicas, {
      issuer: this.cluster.url,
      subject: subjectOf(serviceAccount),
      audience: TOKEN_EXCHANGE_AUDIENCE,
    });
    this.identity = this.directory.addApplication(application);
    for (const init of options.federatedCredentials ?? [{}]) {
      this.federatedCredentials.add(this.identity, init);
    }
    this.#directoryPath = mkdtempSync(join(tmpdir(), "entra-simulator-"));
    this.tokenFile = this.#createTokenFile(serviceAccount);
    writeFileSync(this.caCertificateFile, this.caCertificate);
    this.#handler = new EntraHandler({
      directory: this.directory,
      tokenEndpoint: new TokenEndpoint({
        directory: this.directory,
        credentials: this.federatedCredentials,
        cluster: this.cluster,
        revocation: this.revocation,
        time: this.time,
        tokens: () => this.#tokens,
      }),
      time: this.time,
      replicas,
      nextReplica: replicaPicker(replicas, options.random),
    });
  }

  /** Starts it, with a fresh token in the pod's file. Rejects where the address cannot be listened on. */
  static async start(options: EntraSimulatorOptions = {}): Promise<EntraSimulator> {
    const entra = new EntraSimulator(options);
    try {
      await entra.tokenFile.rotate();
      const responder: Responder<"entra"> = {
        name: "entra",
        maxBodyBytes: MAX_BODY_BYTES,
        faultTargets: (request) => ["entra", isTokenRequest(request) ? "entra-token" : "entra-discovery"],
        answer: async (request) => await entra.#handler.answer(request),
      };
      await entra.listen(
        responder,
        entra.issueCertificate(["localhost", "127.0.0.1", "::1", ...ENTRA_HOSTS]),
      );
      await entra.egress.start();
      const port = Number(new URL(entra.url).port);
      for (const name of ENTRA_HOSTS) entra.egress.route(name, { host: options.host, port });
    } catch (error) {
      await entra.close();
      throw error;
    }
    return entra;
  }

  /** The value of `AZURE_AUTHORITY_HOST`, and of the option `authorityHost` of credentials. */
  get authorityHost(): string {
    return `${this.url}/`;
  }

  /** The certificate to trust, PEM: the option `tlsOptions.ca` of credentials, `ca` of `node:https`. */
  get caCertificate(): string {
    return this.#authority.certificate;
  }

  /** A file with it, for `NODE_EXTRA_CA_CERTS`, which Node.js reads at its start alone. Gone when the simulator closes. */
  get caCertificateFile(): string {
    return join(this.#directoryPath, "ca.pem");
  }

  /** Public keys of the tokens. */
  get jwksUrl(): string {
    return `${this.url}/${this.identity.tenantId}/discovery/v2.0/keys`;
  }

  /**
   * What the webhook injects into the pod, and what leads an application that knows nothing of simulators here: the
   * certificate to trust, and `HTTPS_PROXY`, since `@azure/identity` asks `login.microsoftonline.com` itself whether to trust
   * an authority that it does not know. With `AZURE_AUTHORITY_HOST` set to `https://login.microsoftonline.com/`, as it is on
   * AKS, everything goes through the proxy.
   */
  get environment(): Readonly<Record<string, string>> {
    return {
      AZURE_CLIENT_ID: this.identity.clientId,
      AZURE_TENANT_ID: this.identity.tenantId,
      AZURE_FEDERATED_TOKEN_FILE: this.tokenFile.path,
      AZURE_AUTHORITY_HOST: this.authorityHost,
      NODE_EXTRA_CA_CERTS: this.caCertificateFile,
      HTTPS_PROXY: this.egress.url,
      NO_PROXY,
    };
  }

  /** A copy: it does not change. */
  get counters(): EntraCounters {
    return { ...this.#handler.counts, byReplica: [...this.#handler.counts.byReplica] };
  }

  /** A certificate for a server of the test's own, for those who trust the simulator's. */
  issueCertificate(names: readonly string[]): ServerCertificate {
    return this.#authority.issue(names);
  }

  /** The token file of another pod, with a fresh token. */
  async createTokenFile(init: ServiceAccountTokenInit = {}): Promise<ServiceAccountTokenFile> {
    const file = this.#createTokenFile(init);
    await file.rotate();
    return file;
  }

  /** Changes how tokens are made from now on; `undefined` leaves something as it is. */
  setTokens(options: TokenOptions): void {
    const given = Object.entries(options).filter(([, value]) => value !== undefined);
    this.#tokens = { ...this.#tokens, ...Object.fromEntries(given) };
  }

  override async close(): Promise<void> {
    await super.close();
    await this.egress.close();
    rmSync(this.#directoryPath, { recursive: true, force: true });
  }

  #createTokenFile(init: ServiceAccountTokenInit): ServiceAccountTokenFile {
    const directory = mkdtempSync(join(this.#directoryPath, "tokens-"));
    return new ServiceAccountTokenFile(directory, this.cluster, this.time, init);
  }
}

function replicaPicker(replicas: number, random: (() => number) | undefined): () => number {
  if (random !== undefined) return () => Math.min(replicas - 1, Math.floor(random() * replicas));
  let next = 0;
  return () => next++ % replicas;
}
