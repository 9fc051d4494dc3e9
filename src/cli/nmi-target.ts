import { variable } from "../config/environment.js";
import { readNmiAddress } from "../config/nmi-address.js";
import { createOptionReader } from "../config/option-reader.js";
import type { GateObservation } from "../gate/gate.js";
import { httpUrl, METADATA_URL } from "../gate/gate-options.js";
import { createNmiCheck } from "../gate/nmi-check.js";
import { ownAddresses } from "../gate/own-addresses.js";
import type { CliIo } from "./command.js";
import { optionFlags, type FlagRow } from "./flag-table.js";

/** What tells commands where NMI is. */
export const NMI_FLAGS: readonly FlagRow[] = optionFlags("nmi.hostIp", "nmi.url");

/**
 * Looks once whether NMI is active and in the path: two requests, each at most `limitMs`.
 *
 * @returns lines that say what is wrong with the settings, where it cannot look
 */
export function nmiTarget(
  { environment, clock, probe, err }: CliIo,
  limitMs: number,
):
  | { readonly check: (signal: AbortSignal) => Promise<GateObservation> }
  | { readonly problems: readonly string[] } {
  const reader = createOptionReader(undefined, environment);
  const { nmiUrl: url } = readNmiAddress(reader, environment, "nmi");
  const name = "AZURE_POD_IDENTITY_AUTHORITY_HOST";
  const metadataUrl = httpUrl(name, variable(environment, name)?.trim() ?? METADATA_URL, reader.problems);
  if (url === undefined || metadataUrl === undefined) {
    const lines = reader.problems.map(
      ({ name: what, value, expected }) => `${what} is ${value}; expected ${expected}`,
    );
    return { problems: lines };
  }
  const where = { url, metadataUrl, ownAddresses };
  return { check: createNmiCheck(where, { clock, probe, warn: err, limitMs }) };
}
