import type { Clock } from "../../clock.js";
import { isGuardError } from "../../errors.js";
import { withTimeLimit } from "../../gate/time-limit.js";
import type { GuardedCredential } from "../../guard/guarded-credential.js";
import type { GuardEvents } from "../../health/guard-events.js";
import { redact } from "../../identity/redact.js";
import type { FailedToken, TokenLook, UnaskedToken } from "./observations.js";

/** One failure may be chance, as about 2 % of federated requests are (kedacore/keda#8152); a second one is a finding. */
const ENOUGH_FAILURES = 2;
/** How long the second attempt is waited for, in milliseconds. */
const SECOND_CHANCE_MS = 2_000;
/** Reasons after which the second attempt comes after 10 s at the earliest, which nobody waits for. */
const SLOW_REASONS: ReadonlySet<string | undefined> = new Set(["throttled", "imds-updating"]);

const SOON_MS = 10;

/**
 * Asks the credential of the environment for one token, and says what came of it: the token, a closed gate, a failure
 * for good, a second failure, or nothing within `limitMs`. The token itself goes nowhere.
 */
export async function askForToken(
  credential: GuardedCredential,
  scope: string,
  {
    clock,
    limitMs,
    signal,
  }: { readonly clock: Clock; readonly limitMs: number; readonly signal: AbortSignal },
): Promise<TokenLook> {
  const begun = clock.elapsed();
  const ms = (): number => Math.round(clock.elapsed() - begun);
  const limited = await withTimeLimit(
    limitMs,
    async (own) => await firstWord(credential, scope, clock, own),
    {
      clock,
      signal,
    },
  );
  const word = limited.timedOut ? failureOf(credential) : limited.value;
  if (word === undefined) return { outcome: "pending", ms: ms() };
  if (word === "token") return { ...tokenOf(credential, clock.now()), ms: ms() };
  return { ...word, ms: ms() };
}

type Word = "token" | Omit<FailedToken, "ms"> | Omit<UnaskedToken, "ms">;

async function firstWord(
  credential: GuardedCredential,
  scope: string,
  clock: Clock,
  signal: AbortSignal,
): Promise<Word | undefined> {
  const undo: (() => void)[] = [];
  try {
    return await new Promise<Word | undefined>((resolve, reject) => {
      let failures = 0;
      undo.push(
        credential.health.on("gate", ({ observation }) => {
          if (observation.state === "open") return;
          const { reason, detail = "closed", remedy } = observation;
          resolve({ outcome: "gate-closed", reason, detail, ...(remedy === undefined ? {} : { remedy }) });
        }),
        credential.health.on("attempt", ({ outcome, reason }) => {
          if (outcome === "token") return;
          failures += 1;
          const end = (): void => resolve(failureOf(credential));
          // What an attempt came to is kept after it has been told.
          const patienceMs = SLOW_REASONS.has(reason) ? SOON_MS : SECOND_CHANCE_MS;
          if (failures >= ENOUGH_FAILURES) end();
          else clock.sleep(patienceMs, signal).then(end, () => undefined);
        }),
      );
      credential.getToken(scope, { abortSignal: signal }).then(
        () => resolve("token"),
        (error: unknown) => {
          if (signal.aborted) resolve(undefined);
          else if (isGuardError(error)) resolve(failureOf(credential) ?? ofError(error));
          else reject(error instanceof Error ? error : new Error(String(error)));
        },
      );
    });
  } finally {
    undo.forEach((each) => each());
  }
}

/** What the credential keeps of the last attempt that failed; `undefined` where none has. */
function failureOf({ health }: GuardedCredential): Omit<FailedToken, "ms"> | undefined {
  const { keys, history } = health.snapshot();
  const failure = keys.flatMap(({ lastFailure }) => lastFailure ?? []).at(0);
  if (failure === undefined) return undefined;
  const { reason, message, meaning, remedy } = failure;
  const status = history.findLast((event) => event.type === "attempt")?.status;
  const rejected: GuardEvents["rejected"] | undefined = history.findLast(
    (event) => event.type === "rejected",
  );
  return {
    outcome: "failed",
    reason,
    message,
    meaning,
    remedy,
    ...(status === undefined ? {} : { status }),
    ...(rejected?.saw === undefined ? {} : { saw: rejected.saw }),
    ...(rejected === undefined ? {} : { expected: rejected.expected }),
  };
}

function ofError(error: Error & { readonly details: object }): Omit<FailedToken, "ms"> {
  const { details, message } = error;
  const text = (name: string): string | undefined => {
    const value: unknown = Reflect.get(details, name);
    return typeof value === "string" ? value : undefined;
  };
  return {
    outcome: "failed",
    reason: text("reason") ?? "credential-error",
    message: redact(message),
    meaning: "The identity plane gave no token.",
    remedy: text("remedy") ?? "Look at what was seen.",
  };
}

function tokenOf(
  { health }: GuardedCredential,
  now: number,
): Omit<Extract<TokenLook, { outcome: "token" }>, "ms"> {
  const [key] = health.snapshot().keys;
  const { identity, expiresOn = now } = key ?? {};
  return { outcome: "token", expiresInMs: expiresOn - now, ...(identity === undefined ? {} : { identity }) };
}
