import { variable, type EnvironmentValues } from "../../config/environment.js";
import type { CapturedFacts } from "./observations.js";

/**
 * In the order of @typespec/ts-http-runtime policies/proxyPolicy.ts, on which the Azure SDK is built: the first that is
 * set takes the requests of both schemes, and capital letters win.
 */
const VARIABLES: readonly string[] = ["HTTPS_PROXY", "ALL_PROXY", "HTTP_PROXY"];

/**
 * The proxy that the plain Azure SDK would send requests for `metadataUrl` to. Its `NO_PROXY` knows whole names and
 * suffixes that begin with a dot: `169.254.0.0/16` and `*` exempt nothing.
 */
export function capturingProxy(
  environment: EnvironmentValues,
  metadataUrl: string,
): CapturedFacts | undefined {
  const name = VARIABLES.flatMap((each) => [each, each.toLowerCase()]).find(
    (each) => variable(environment, each) !== undefined,
  );
  if (name === undefined) return undefined;
  const noProxy = variable(environment, "NO_PROXY") ?? variable(environment, "no_proxy") ?? "";
  const { hostname } = new URL(metadataUrl);
  const exempt = noProxy
    .split(",")
    .map((pattern) => pattern.trim())
    .some((pattern) => (pattern.startsWith(".") ? `.${hostname}`.endsWith(pattern) : pattern === hostname));
  return exempt ? undefined : { variable: name, proxy: hostOf(variable(environment, name) ?? ""), noProxy };
}

/** A proxy's URL often holds a password. */
function hostOf(url: string): string {
  return URL.canParse(url) ? new URL(url).host : "a proxy";
}
