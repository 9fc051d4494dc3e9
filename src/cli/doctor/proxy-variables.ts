import { variable, type EnvironmentValues } from "../../config/environment.js";
import { showPart } from "./hidden-values.js";
import type { CapturedFacts } from "./observations.js";

/**
 * In the order of @typespec/ts-http-runtime policies/proxyPolicy.ts, on which the Azure SDK is built: the first that is
 * set takes the requests of both schemes, and capital letters win.
 */
const VARIABLES: readonly string[] = ["HTTPS_PROXY", "ALL_PROXY", "HTTP_PROXY"];

/** The variable whose proxy the plain Azure SDK takes. */
function proxyVariable(environment: EnvironmentValues): string | undefined {
  return VARIABLES.flatMap((each) => [each, each.toLowerCase()]).find(
    (each) => variable(environment, each) !== undefined,
  );
}

/**
 * The proxy that the plain Azure SDK would send requests for `metadataUrl` to. Its `NO_PROXY` knows whole names and
 * suffixes that begin with a dot: `169.254.0.0/16` and `*` exempt nothing.
 */
export function capturingProxy(
  environment: EnvironmentValues,
  metadataUrl: string,
): CapturedFacts | undefined {
  const name = proxyVariable(environment);
  if (name === undefined) return undefined;
  const { hostname } = new URL(metadataUrl);
  const patterns = (variable(environment, "NO_PROXY") ?? variable(environment, "no_proxy") ?? "")
    .split(",")
    .map((pattern) => pattern.trim())
    .filter((pattern) => pattern !== "");
  const exempt = patterns.some((pattern) =>
    pattern.startsWith(".") ? `.${hostname}`.endsWith(pattern) : pattern === hostname,
  );
  if (exempt) return undefined;
  const noProxy = patterns.map((pattern) => showPart(pattern)).join(",");
  return { variable: name, proxy: hostOf(variable(environment, name) ?? ""), noProxy };
}

/**
 * The variable of a proxy that is no URL: the Azure SDK refuses `10.0.0.1:3128`, and takes the host of `proxy:3128` for
 * a scheme, so that it connects to nobody.
 */
export function proxyWithoutScheme(environment: EnvironmentValues): string | undefined {
  const name = proxyVariable(environment);
  if (name === undefined || isHttp(variable(environment, name) ?? "")) return undefined;
  return name;
}

const isHttp = (url: string): boolean => URL.canParse(url) && /^https?:$/u.test(new URL(url).protocol);

/** A proxy's URL often holds a password. */
function hostOf(url: string): string {
  return isHttp(url) ? showPart(new URL(url).host) : "a proxy";
}
