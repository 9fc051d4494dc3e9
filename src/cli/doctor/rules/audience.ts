import type { Observations } from "../observations.js";

/** Those of the public cloud, US Government and China. */
const AUDIENCES: readonly string[] = [
  "api://azureadtokenexchange",
  "api://azureadtokenexchangeusgov",
  "api://azureadtokenexchangechina",
];

/** Whether the service account token is for somebody else than Entra ID. */
export const wrongAudience = ({ injection: look }: Observations): boolean =>
  look?.audience !== undefined && !look.audience.some((each) => AUDIENCES.includes(each.toLowerCase()));
