import { isGuardError } from "../errors.js";
import type { GuardedCredential } from "../guard/guarded-credential.js";
import { SCOPE_MISSING } from "./check-token.js";
import type { CliIo, RunCommand } from "./command.js";
import { factsLine, tokenCredential, tokenFacts } from "./token-credential.js";
import { asTrouble, onTrouble, troubleLine, type TokenTrouble } from "./token-progress.js";
import { usageError } from "./usage.js";
import { runWait, type Sight } from "./waiting.js";

/** `wait token`: blocks until a verified token is had, for init containers. */
export const waitToken: RunCommand = async (values, io) => {
  const scope = values.text("--scope");
  if (scope === undefined) return usageError(io, "wait token", [SCOPE_MISSING]);
  return await withCredential(io, "wait token", async (credential) => {
    return await runWait(values, io, "a token", async (see, signal) => {
      return await verifiedToken(credential, scope, see, signal);
    });
  });
};

/** Makes the credential that the settings describe, and closes it afterwards. */
export async function withCredential(
  io: CliIo,
  command: string,
  use: (credential: GuardedCredential) => Promise<number>,
  options?: { readonly inPlaceOfApplication?: boolean },
): Promise<number> {
  const credential = tokenCredential(io, command, options);
  if (typeof credential === "number") return credential;
  try {
    return await use(credential);
  } finally {
    await credential.close();
  }
}

/** Waits for the first verified token; `undefined` where it is refused for good, which was said by then. */
export async function verifiedToken(
  credential: GuardedCredential,
  scope: string,
  see: (sight: Sight) => void,
  signal: AbortSignal,
): Promise<Sight | undefined> {
  const tell = (trouble: TokenTrouble): void =>
    see({ reason: trouble.reason, line: troubleLine(trouble), seen: trouble });
  const undo = onTrouble(credential, tell);
  try {
    await credential.warmUp(scope, { abortSignal: signal });
  } catch (error) {
    if (signal.aborted || !isGuardError(error)) throw error;
    tell(asTrouble(error));
    return undefined;
  } finally {
    undo();
  }
  const facts = tokenFacts(credential);
  return { reason: "token", line: `ok: ${factsLine(facts)}`, seen: facts };
}
