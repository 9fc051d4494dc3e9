import { formatDuration } from "../config/duration.js";
import { isGuardError } from "../errors.js";
import type { GuardedCredential } from "../guard/guarded-credential.js";
import { timeLeft } from "./check-nmi.js";
import { EXIT, type RunCommand } from "./command.js";
import { asTrouble, onTrouble, troubleLine, type TokenTrouble } from "./token-progress.js";
import { factsLine, tokenCredential, tokenFacts } from "./token-credential.js";
import { usageError } from "./usage.js";

/** `check token`: one verified token, or the first thing that is in its way; for exec probes. */
export const checkToken: RunCommand = async (values, io) => {
  const scope = values.text("--scope");
  if (scope === undefined) return usageError(io, "check token", [SCOPE_MISSING]);
  const credential = await tokenCredential(values, io, "check token");
  if (typeof credential === "number") return credential;
  const { timeoutMs, leftMs } = timeLeft(values, io);
  try {
    const trouble = await Promise.race([
      firstTrouble(credential, scope),
      io.clock.sleep(leftMs, io.signal).then(() => tooLate(credential, timeoutMs)),
    ]);
    const json = values.has("--json");
    if (trouble === undefined) {
      const facts = tokenFacts(credential);
      io.out(json ? JSON.stringify({ ok: true, ...facts }) : `ok: ${factsLine(facts)}`);
      return EXIT.ok;
    }
    io.out(json ? JSON.stringify({ ok: false, ...trouble }) : troubleLine(trouble));
    return EXIT.failed;
  } finally {
    await credential.close();
  }
};

export const SCOPE_MISSING =
  "--scope needs a value: what the token is for, such as https://vault.azure.net/.default";

/** As long as NMI waits for an assignment, it holds requests back. */
function tooLate({ health }: GuardedCredential, timeoutMs: number): TokenTrouble {
  const { gate, gateName } = health.snapshot();
  const asked = gateName === undefined || gate?.state === "open";
  const what = asked ? "the request for a token was not answered" : "the gate was not seen open";
  return { reason: "timeout", detail: `no verified token within ${formatDuration(timeoutMs)}: ${what}` };
}

/** `undefined` once a verified token has come. */
async function firstTrouble(credential: GuardedCredential, scope: string): Promise<TokenTrouble | undefined> {
  return await new Promise((resolve, reject) => {
    const undo = onTrouble(credential, (trouble) => {
      undo();
      resolve(trouble);
    });
    credential.getToken(scope).then(
      () => resolve(undefined),
      (error: unknown) => {
        if (isGuardError(error)) resolve(asTrouble(error));
        else reject(error instanceof Error ? error : new Error(String(error)));
      },
    );
  });
}
