// What both forms of the application do: ask for a token once a second, and say whose it is, and never the token.
import { createServer } from "node:http";

// Of the identity in scenarios.ts.
const APP_OBJECT_ID = "00000000-0000-0000-0000-000000000000";
const { EXPECTED = APP_OBJECT_ID, SCOPE = firstWarmUpScope() ?? "https://vault.azure.net/.default" } =
  process.env;

const PERIOD_MS = 1_000;
/** Who waits longer than that for a token has none. */
const PATIENCE_MS = 2_000;

/** Asks until the process ends; writes `{"token":"right"}` and the like on each change. */
export function reportIdentity(credential) {
  let shown;
  const show = (token) => {
    if (token === shown) return;
    shown = token;
    console.log(JSON.stringify({ token }));
  };
  // One call at a time: calls that pile up would be a load that no application makes.
  let askedAt;
  const ask = async () => {
    if (askedAt !== undefined) {
      if (Date.now() - askedAt > PATIENCE_MS) show("none");
      return;
    }
    askedAt = Date.now();
    show(await credential.getToken(SCOPE).then(whose, () => "none"));
    askedAt = undefined;
  };
  show("none");
  void ask();
  setInterval(() => void ask(), PERIOD_MS);
  // Work comes in here; PORT is for pods that share an address.
  createServer((_request, response) => response.end(JSON.stringify({ token: shown }))).listen(
    Number(process.env.PORT ?? 0),
  );
  // The first process of a container is not ended by signals that it does not handle.
  process.once("SIGTERM", () => process.exit(0));
}

function whose({ token }) {
  const { oid } = JSON.parse(Buffer.from(token.split(".")[1], "base64url").toString());
  return oid === EXPECTED ? "right" : "wrong";
}

function firstWarmUpScope() {
  return process.env.AZURE_IDENTITY_GUARD_WARM_UP_SCOPES?.split(/[\s,]+/u).find((scope) => scope !== "");
}
