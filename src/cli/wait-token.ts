import { variable } from "../config/environment.js";
import { isGuardError } from "../errors.js";
import type { GuardedCredential } from "../guard/guarded-credential.js";
import { SCOPE_MISSING } from "./check-token.js";
import type { CliIo, RunCommand } from "./command.js";
import type { FlagValues } from "./parse-flags.js";
import { factsLine, tokenCredential, tokenFacts } from "./token-credential.js";
import { asTrouble, onTrouble, troubleLine, type TokenTrouble } from "./token-progress.js";
import { usageError } from "./usage.js";
import { runWait, type Sight } from "./waiting.js";

const BUDGET = "AZURE_IDENTITY_GUARD_RETRY_BUDGET";

/** `wait token`: blocks until a verified token is had, for init containers. */
export const waitToken: RunCommand = async (values, io) => {
  const scope = values.text("--scope");
  if (scope === undefined) return usageError(io, "wait token", [SCOPE_MISSING]);
  return await withCredential(values, withRoomFor(values, io), "wait token", async (credential) => {
    sayProxy(credential, io);
    return await runWait(values, io, "a token", async (see, signal) => {
      return await verifiedToken(credential, scope, see, signal);
    });
  });
};

/** A budget ends no wait, but the delays have to fit into it; whoever sets one keeps it. */
export function withRoomFor(values: FlagValues, io: CliIo): CliIo {
  if (!values.has("--interval")) return io;
  return { ...io, environment: { ...io.environment, [BUDGET]: variable(io.environment, BUDGET) ?? "1h" } };
}

/** The proxy is a container of the pod beside the application's: where init containers run, it does not yet. */
export function sayProxy({ health }: GuardedCredential, io: CliIo): void {
  if (health.snapshot().gateName !== "proxy") return;
  io.err("The migration proxy starts after the init containers. In one of them this would wait for ever:");
  io.err("use check token as a startup probe instead.");
}

/** Makes the credential that the settings describe, and closes it afterwards. */
export async function withCredential(
  values: FlagValues,
  io: CliIo,
  command: string,
  use: (credential: GuardedCredential) => Promise<number>,
  options?: { readonly inPlaceOfApplication?: boolean },
): Promise<number> {
  const credential = await tokenCredential(values, io, command, options);
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
