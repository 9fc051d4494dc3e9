import type { Clock } from "../../clock.js";
import { readEnvironment, variable, type EnvironmentValues } from "../../config/environment.js";
import { isGuardError } from "../../errors.js";
import type { HttpProbe } from "../../gate/http-probe.js";
import { probeRoute, type ProbeContext } from "../../gate/route-probe.js";
import type { GuardedCredential } from "../../guard/guarded-credential.js";
import { askForToken } from "./ask-for-token.js";
import { detectPlane } from "./detect-plane.js";
import { withoutSecrets } from "./hidden-values.js";
import { limitedFiles } from "./limited-files.js";
import type { Limits } from "./limits.js";
import { lookAtEntra } from "./look-at-entra.js";
import { lookAtInjection, type FilePorts } from "./look-at-injection.js";
import { lookAtNmi } from "./look-at-nmi.js";
import type { Observations, PlaneKind, RouteLook, SettingsFacts, TokenLook } from "./observations.js";
import { podFacts } from "./pod-facts.js";
import { capturingProxy } from "./proxy-variables.js";
import { readSettings } from "./read-settings.js";
import { firstClock, timedProbe, type TimedProbe } from "./timed-probe.js";

/** What looking needs of the world. */
export interface ObservePorts extends FilePorts {
  readonly clock: Clock;
  readonly environment: EnvironmentValues;
  readonly probe: HttpProbe;
  readonly ownAddresses: () => readonly string[];
  /** The credential of the environment. May throw `ERR_GUARD_CONFIGURATION`. */
  readonly createCredential: () => GuardedCredential;
  readonly signal: AbortSignal;
}

export interface ObserveOptions {
  /** What a token is asked for. */
  readonly scope: string;
  readonly limits: Limits;
}

/** Sources that have an endpoint of their own, whoever answers at the metadata address. */
const OWN_ENDPOINTS: ReadonlySet<PlaneKind> = new Set([
  "environment",
  "app-service",
  "service-fabric",
  "machine-learning",
  "cloud-shell",
  "arc",
]);

/** Looks at each link once, each within limits of its own: at all that answers at once together, then at the token. Rejects with `signal.reason` only. */
export async function observe(given: ObservePorts, options: ObserveOptions): Promise<Observations> {
  const { limits } = options;
  const ports = { ...given, ...limitedFiles(given, limits.fileMs) };
  const { environment, clock, probe, signal } = ports;
  const settings = readSettings(environment, ports.ownAddresses());
  const used = readEnvironment(environment);
  const context: ProbeContext = { clock, signal, limitMs: limits.probeMs };
  const probes = { route: timedProbe(probe, clock), entra: timedProbe(probe, clock) };
  const begun = clock.elapsed();
  const [nmi, route, proxyPort, { injection, pod }, entra] = await Promise.all([
    lookAtNmi(probe, settings, context),
    lookAtRoute(probes.route, settings.metadataUrl, context),
    lookAtRoute(timedProbe(probe, clock), `http://127.0.0.1:${settings.proxyPort}`, context),
    lookAtPod(ports, settings),
    asksEntra(settings) && leadsNoProxy(environment, settings)
      ? lookAtEntra(probes.entra, settings, { ...context, limitMs: limits.entraMs })
      : undefined,
  ]);
  // Last: loading the Azure SDK stops the process for a while, and would count as the time of others.
  const leftMs = Math.max(0, limits.allMs - (clock.elapsed() - begun));
  const token = await lookAtToken(ports, settings, options.scope, Math.min(limits.tokenMs, leftMs));
  const plane = detectPlane(used, settings, route);
  const looked = firstClock([
    ["Entra ID's clock", probes.entra.aheadMs()],
    // NMI and the migration proxy are on this node, whose clock this is.
    ...(route.route === "imds" ? [["IMDS's clock", probes.route.aheadMs()] as const] : []),
  ]);
  const seen: Observations = {
    pod,
    settings: { ...settings, problems: [...settings.problems, ...token.problems] },
    plane,
    ...(nmi === undefined ? {} : { nmi }),
    ...(OWN_ENDPOINTS.has(plane.kind) ? {} : { route }),
    // Anything may listen on a port; only the proxy says that it is one.
    ...(proxyPort.route === "proxy" ? { proxyPort } : {}),
    ...(injection === undefined ? {} : { injection }),
    ...(entra === undefined ? {} : { entra }),
    token: token.look,
    ...(looked === undefined ? {} : { clock: looked }),
  };
  return withoutSecrets(seen, environment);
}

/** What was injected, where somebody speaks of it, and the names that show in it. */
async function lookAtPod(
  ports: ObservePorts,
  settings: SettingsFacts,
): Promise<Pick<Observations, "injection" | "pod">> {
  const { environment, readFile } = ports;
  const used = readEnvironment(environment);
  const injection = wantsInjection(used, settings) ? await lookAtInjection(used, ports) : undefined;
  const pod = await podFacts(environment, injection ?? {}, readFile, settings.onHostNetwork);
  return { pod, ...(injection === undefined ? {} : { injection }) };
}

async function lookAtRoute(
  { probe, ms }: TimedProbe,
  url: string,
  context: ProbeContext,
): Promise<RouteLook> {
  const result = await probeRoute(probe, url, context);
  return { ...result, ms: ms() };
}

/** Whether anything speaks of Workload ID, be it half of what belongs to it. */
function wantsInjection(
  environment: EnvironmentValues,
  { gate, tokenFilePath, secretVariable }: SettingsFacts,
): boolean {
  // Who has a secret may name its authority for that alone.
  const half = variable(environment, "AZURE_AUTHORITY_HOST") !== undefined && secretVariable === undefined;
  return gate === "workload-identity" || tokenFilePath !== undefined || half;
}

/** Whether this process itself asks Entra ID for its tokens. */
function asksEntra({ tokenFilePath, secretVariable }: SettingsFacts): boolean {
  return tokenFilePath !== undefined || secretVariable !== undefined;
}

/** The look at Entra ID takes no proxy, which the Azure SDK would. */
function leadsNoProxy(environment: EnvironmentValues, { authorityHost }: SettingsFacts): boolean {
  const url =
    authorityHost !== undefined && URL.canParse(authorityHost)
      ? authorityHost
      : "https://login.microsoftonline.com";
  return capturingProxy(environment, url) === undefined;
}

async function lookAtToken(
  { createCredential, clock, signal }: ObservePorts,
  settings: SettingsFacts,
  scope: string,
  limitMs: number,
): Promise<{ readonly look: TokenLook; readonly problems: SettingsFacts["problems"] }> {
  const notAsked: TokenLook = { outcome: "not-asked", why: "the settings cannot be used" };
  if (settings.problems.length > 0) return { look: notAsked, problems: [] };
  let credential: GuardedCredential;
  try {
    credential = createCredential();
  } catch (error) {
    if (!isGuardError(error, "ERR_GUARD_CONFIGURATION")) throw error;
    return { look: notAsked, problems: error.details.problems };
  }
  try {
    return {
      look: await askForToken(credential, scope, { clock, limitMs, signal }),
      problems: [],
    };
  } finally {
    await credential.close();
  }
}
