import type { EnvironmentValues } from "../config/environment.js";

/**
 * What must not reach the services: identities and endpoints of the machine that the demo runs on; proxies, which the
 * SDK would send requests for the simulated node to; and switches of Node.js, which are meant for the parent.
 */
const FOREIGN =
  /^(AZURE_|IDENTITY_|MSI_|IMDS_|DEFAULT_IDENTITY_|KUBERNETES_)|^(HOST_IP|(https?|all|no)_proxy|FORCE_COLOR|NO_COLOR|NODE_OPTIONS|NODE_DEBUG)$/iu;

/** The environment of a service: the machine's without what would lead it away from the simulated node, and `own`. */
export function serviceEnvironment(
  machine: EnvironmentValues,
  own: Readonly<Record<string, string>>,
): Record<string, string> {
  const kept = Object.entries(machine).flatMap(([name, value]) =>
    value === undefined || FOREIGN.test(name) ? [] : [[name, value] as const],
  );
  // Without it a failure would make the SDK go on to a developer's own login, and to the real Azure with that.
  return { ...Object.fromEntries(kept), AZURE_TOKEN_CREDENTIALS: "prod", ...own };
}

/**
 * Whether to write colours: on a terminal, unless `NO_COLOR` has a value (https://no-color.org). `FORCE_COLOR` decides
 * before either, as in Node.js: empty, `1`, `true`, `2` and `3` for yes, anything else for no.
 */
export function wantsColor(environment: EnvironmentValues, isTerminal: boolean): boolean {
  const forced = environment["FORCE_COLOR"];
  if (forced !== undefined) return ["", "1", "true", "2", "3"].includes(forced);
  const refused = environment["NO_COLOR"] ?? "";
  return isTerminal && refused === "" && environment["TERM"] !== "dumb";
}
