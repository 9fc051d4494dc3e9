import type { HealthSnapshot } from "../../health/health-snapshot.js";
import { failureWords } from "./failure-words.js";
import { gateWords } from "./gate-words.js";
import { resourceWords } from "./resource-words.js";
import { STATE_WORDS } from "./state-words.js";
import { troubleOf, type Trouble } from "./trouble.js";

/** Why a credential is in its state. */
export interface Cause {
  /** For a headline, after a colon; absent where there is nothing to add to the state. */
  readonly short?: string;
  readonly sentence: string;
  /** What to do; absent where nothing is wrong. */
  readonly remedy?: string;
  /** What was seen. Identifies: only where `details` is on. */
  readonly evidence?: string;
}

const WAIT = "Wait; if it lasts, look at what the gate checks.";

/** The cause as it follows from the snapshot. Without `details` it names nobody. Pure. */
export function causeOf(snapshot: HealthSnapshot): Cause {
  const { state, gate } = snapshot;
  switch (state) {
    case "closed":
    case "drained":
      return { sentence: STATE_WORDS[state].meaning };
    case "ready":
      return { sentence: readySentence(snapshot) };
    case "degraded":
      return gate?.state === "closed" ? gateCause(snapshot, gate) : tokenCause(snapshot);
    case "starting":
    case "failing":
      if (gate?.state === "closed") return gateCause(snapshot, gate);
      if (snapshot.gateName !== undefined && gate === undefined) {
        return { short: "the gate is being looked at", sentence: "The gate has not been looked at yet." };
      }
      return tokenCause(snapshot);
  }
}

function readySentence({ gate, keys }: HealthSnapshot): string {
  const plane = gate === undefined ? "No gate guards this credential." : gateWords(gate).sentence;
  const held = keys.some(({ expiresOn }) => expiresOn !== undefined);
  return `${plane} ${held ? "Every token that is wanted is in hand." : "No token has been asked for yet."}`;
}

function gateCause(
  { details, state }: HealthSnapshot,
  gate: Extract<HealthSnapshot["gate"], { state: "closed" }>,
): Cause {
  const { short, sentence } = gateWords(gate);
  const served = state === "degraded" ? ` ${STATE_WORDS.degraded.meaning}` : "";
  return {
    short,
    sentence: `${sentence}${served}${gate.permanent ? " Waiting does not help: callers are refused at once." : ""}`,
    remedy: gate.remedy ?? WAIT,
    ...(details && gate.detail !== undefined ? { evidence: gate.detail } : {}),
  };
}

function tokenCause(snapshot: HealthSnapshot): Cause {
  const { details, state } = snapshot;
  const trouble = troubleOf(snapshot);
  if (trouble === undefined) return state === "starting" ? FIRST : RUN_OUT;
  const { key, failure } = trouble;
  return {
    short: failureWords(failure.reason),
    sentence: `No token for ${resourceWords(key, details)}. ${failure.meaning}`,
    remedy: failure.remedy,
    ...(details && !toldBelow(snapshot, trouble) ? { evidence: failure.message } : {}),
  };
}

const FIRST: Cause = { short: "waiting for the first token", sentence: "The first token is on its way." };
const RUN_OUT: Cause = {
  short: "the token in hand has run out",
  sentence: "The token in hand has run out, and no new one has come.",
  remedy: "Wait for the next request to bring one.",
};

/** Whether the card shows the refused token, with what it said, anyway. */
function toldBelow({ history }: HealthSnapshot, { key, failure }: Trouble): boolean {
  const last = history.findLast(({ type }) => type === "rejected");
  return last?.type === "rejected" && last.key === key && last.reason === failure.reason;
}
