import type { GuardedCredential } from "../guard/guarded-credential.js";
import type { GuardEvents } from "../health/guard-events.js";
import { claimFacts, type ClaimFacts } from "./token-credential.js";

/** Why there is no token yet. */
export interface TokenTrouble {
  readonly reason: string;
  readonly detail?: string | undefined;
  readonly remedy?: string | undefined;
  /** Whom a refused token named, and whom it should have. */
  readonly saw?: ClaimFacts;
  readonly expected?: Readonly<Record<string, readonly string[]>>;
}

/** Tells each time the gate is seen closed, or a token request ended without a token, until the returned function is called. */
export function onTrouble(credential: GuardedCredential, tell: (trouble: TokenTrouble) => void): () => void {
  const { health } = credential;
  let refused: GuardEvents["rejected"] | undefined;
  const pending = new Set<NodeJS.Immediate>();
  const undo = [
    health.on("gate", ({ observation }) => {
      if (observation.state === "closed") tell(observation);
    }),
    health.on("rejected", (event) => (refused = event)),
    health.on("attempt", ({ outcome, reason = outcome, key }) => {
      if (outcome === "token") return;
      const contradiction = refused?.key === key && refused.reason === reason ? contradicted(refused) : {};
      refused = undefined;
      // The event comes before what it means for the key has been noted.
      const soon = setImmediate(() => {
        pending.delete(soon);
        const failure = health.snapshot().keys.find((each) => each.key === key)?.lastFailure;
        const words =
          failure?.reason === reason ? { detail: failure.message, remedy: failure.remedy } : undefined;
        tell({ reason, ...words, ...contradiction });
      });
      pending.add(soon);
    }),
  ];
  return () => {
    undo.forEach((each) => each());
    pending.forEach((each) => clearImmediate(each));
  };
}

/** Only what was expected is shown beside what came. */
function contradicted({ saw, expected }: GuardEvents["rejected"]): Pick<TokenTrouble, "saw" | "expected"> {
  const wanted = Object.entries(expected).filter(([, values]) => values.length > 0);
  if (wanted.length === 0 || saw === undefined) return {};
  const named = wanted.map(([name, values]) => [name === "objectId" ? "oid" : name, values] as const);
  return { saw: claimFacts(saw), expected: Object.fromEntries(named) };
}

/** One line for people. */
export function troubleLine({ reason, detail, remedy }: TokenTrouble): string {
  return [`${reason}${detail === undefined ? "" : `: ${detail.replace(/\.$/u, "")}.`}`, remedy]
    .filter((part) => part !== undefined)
    .join(" ");
}

/** An error's message is one that people read, and holds no token. */
export function asTrouble(error: Error & { readonly details?: object }): TokenTrouble {
  const { details = {} } = error;
  const reason = "reason" in details && typeof details.reason === "string" ? details.reason : error.name;
  return { reason, detail: error.message };
}
