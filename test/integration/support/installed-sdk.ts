import { createRequire } from "node:module";

const { version } = createRequire(import.meta.url)("@azure/identity/package.json") as {
  readonly version: string;
};

/** Up to 4.13 MSAL makes a network error of an answer that is no JSON; since then errors and the SDK's log quote all of it. */
export const SDK_QUOTES_TEXT: boolean = Number(version.split(".")[1]) >= 14;
