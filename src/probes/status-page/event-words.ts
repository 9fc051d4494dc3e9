import type { GuardEvent, GuardEventName } from "../../health/guard-events.js";
import { failureWords, refusalWords } from "./failure-words.js";
import { gateWords } from "./gate-words.js";
import { contradiction, factWords, identityFacts } from "./identity-facts.js";
import { cut } from "./markup.js";
import { resourceWords } from "./resource-words.js";
import { STATE_WORDS } from "./state-words.js";
import { durationWords, utcWords } from "./time-words.js";

/** An event in words. */
export interface EventWords {
  /** What kind of thing happened. */
  readonly kind: string;
  readonly what: string;
  /** What identifies somebody; only where `details` is on. */
  readonly detail?: string;
}

type Of<Name extends GuardEventName> = Extract<GuardEvent, { type: Name }>;
type Describe = { readonly [Name in GuardEventName]: (event: Of<Name>, details: boolean) => EventWords };

const list = (parts: readonly string[]): { readonly detail?: string } =>
  parts.length === 0 ? {} : { detail: parts.join("; ") };

const DESCRIBE: Describe = {
  change: ({ from, to, reason }, details) => ({
    kind: "State",
    what: `From ${STATE_WORDS[from].word} to ${STATE_WORDS[to].word}`,
    ...(details ? { detail: reason } : {}),
  }),
  gate: ({ observation }, details) => ({
    kind: "Gate",
    what: `${observation.state === "open" ? "Open" : "Closed"}: ${gateWords(observation).sentence}`,
    ...(details && observation.detail !== undefined ? { detail: observation.detail } : {}),
  }),
  attempt: (event, details) => ({ kind: "Attempt", what: attemptWords(event, details) }),
  token: (event, details) => {
    const { key, source, expiresOn, at, previousIdentity, identity } = event;
    const changed = previousIdentity === undefined ? "" : " It is another identity's than the one before.";
    const before = factWords(identityFacts(previousIdentity)).map((words) => `before: ${words}`);
    return {
      kind: "Token",
      what: `${SOURCES[source]} for ${resourceWords(key, details)}, good until ${utcWords(expiresOn, at)}.${changed}`,
      ...(details ? list([...factWords(identityFacts(identity)), ...before]) : {}),
    };
  },
  rejected: (event, details) => ({
    kind: "Rejection",
    what: `A token for ${resourceWords(event.key, details)} was refused: ${refusalWords(event.reason)}.`,
    ...(details ? list(factWords(contradiction(event))) : {}),
  }),
  acquisition: ({ key, outcome, durationMs, attempts }, details) => ({
    kind: "Acquisition",
    what: `${ENDINGS[outcome]} for ${resourceWords(key, details)} after ${fineDuration(durationMs)} and ${counted(attempts, "attempt")}.`,
  }),
};

const SOURCES: Readonly<Record<Of<"token">["source"], string>> = {
  acquired: "A token was acquired",
  refreshed: "A token was refreshed",
  claims: "A claims challenge was met with a token",
  "claims-unchanged": "A claims challenge was met with the same token again",
};

const ENDINGS: Readonly<Record<Of<"acquisition">["outcome"], string>> = {
  token: "Got a token",
  failed: "Gave up on a token",
  abandoned: "Nobody waited any more for a token",
};

function attemptWords(
  { number, key, outcome, reason, status, provenance }: Of<"attempt">,
  details: boolean,
): string {
  const end = {
    token: "brought a token",
    rejected: `brought a token that was refused: ${refusalWords(reason ?? "")}`,
    failed: `failed: ${failureWords(reason ?? "credential-error")}`,
    abandoned: "was given up",
  }[outcome];
  const facts = [
    ...(status === undefined ? [] : [`status ${status}`]),
    ...(provenance === undefined || provenance === "unknown" ? [] : [`answered by ${cut(provenance, 40)}`]),
  ];
  const about = facts.length === 0 ? "" : ` (${facts.join(", ")})`;
  return `Attempt ${number} for ${resourceWords(key, details)} ${end}${about}.`;
}

/** Says what happened. Without `details` it names nobody. Pure. */
export function eventWords(event: GuardEvent, details: boolean): EventWords {
  // Each row takes events of its own type, which the compiler cannot follow through a variable key.
  const describe = DESCRIBE[event.type] as (event: GuardEvent, details: boolean) => EventWords;
  return describe(event, details);
}

/** `1 attempt`, `3 attempts`. */
export function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}

function fineDuration(ms: number): string {
  return ms < 60_000 ? `${(ms / 1000).toFixed(1)} s` : durationWords(ms);
}
