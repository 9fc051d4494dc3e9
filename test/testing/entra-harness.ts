import { onTestFinished } from "vitest";
import type { EntraSimulatorOptions } from "../../src/testing/entra-options.js";
import { EntraSimulator } from "../../src/testing/entra.js";
import { ManualClock } from "../../src/testing/manual-clock.js";
import { http, json } from "./harness.js";
import type { Answer, Call } from "./harness.js";

export const SCOPE = "https://vault.azure.net/.default";
const JWT_BEARER = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
const FORM = { "Content-Type": "application/x-www-form-urlencoded" };

/** Entra ID on a clock that stands still, closed after the test. */
export async function manualEntra(
  options: EntraSimulatorOptions = {},
): Promise<{ entra: EntraSimulator; clock: ManualClock }> {
  const clock = new ManualClock({ now: Date.UTC(2026, 0, 1) });
  const entra = await EntraSimulator.start({ clock, ...options });
  onTestFinished(async () => await entra.close());
  return { entra, clock };
}

/** A GET or what `call` makes of it, trusting the simulator. */
export async function ask(entra: EntraSimulator, path: string, call: Call = {}): Promise<Answer> {
  return await http(entra.url, { path, ca: entra.caCertificate, ...call });
}

/** A token request with these fields alone; `undefined` leaves one out. */
export async function post(
  entra: EntraSimulator,
  fields: Record<string, string | undefined>,
  { tenant = entra.identity.tenantId, ...call }: Call & { readonly tenant?: string } = {},
): Promise<Answer> {
  const given = Object.entries(fields).filter((field): field is [string, string] => field[1] !== undefined);
  const body = new URLSearchParams(given).toString();
  return await ask(entra, `/${tenant}/oauth2/v2.0/token`, { method: "POST", headers: FORM, body, ...call });
}

/** The token request of the pod, with a fresh service account token. */
export async function exchange(
  entra: EntraSimulator,
  fields: Record<string, string | undefined> = {},
  call: Call & { readonly tenant?: string } = {},
): Promise<Answer> {
  const usual = {
    client_id: entra.identity.clientId,
    scope: SCOPE,
    grant_type: "client_credentials",
    client_assertion_type: JWT_BEARER,
    client_assertion: fields["client_assertion"] ?? (await entra.tokenFile.createToken()),
  };
  return await post(entra, { ...usual, ...fields }, call);
}

/** The AADSTS code of an answer; its status where it has none. */
export function codeOf(answer: Answer): number {
  const codes = json(answer)["error_codes"];
  return Array.isArray(codes) ? Number(codes[0]) : answer.status;
}
