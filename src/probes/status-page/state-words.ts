import type { HealthState } from "../../health/health.js";
import type { HealthSnapshot } from "../../health/health-snapshot.js";
import { troubleOf } from "./trouble.js";

/** How good or bad it is: the colour, beside a word and a shape. */
export type Tone = "good" | "wait" | "warn" | "bad" | "idle";

export interface StateWords {
  readonly word: string;
  /** What the state means for callers. */
  readonly meaning: string;
}

export const STATE_WORDS: Readonly<Record<HealthState, StateWords>> = {
  starting: { word: "Starting", meaning: "The start is not over: callers wait." },
  ready: { word: "Ready", meaning: "Callers get verified tokens." },
  degraded: { word: "Degraded", meaning: "Tokens in hand are still served; new ones cannot be had." },
  failing: { word: "Failing", meaning: "Callers wait, and get errors when their time is over." },
  drained: {
    word: "Shutting down",
    meaning: "The application is shutting down, so readiness fails on purpose. Tokens are still served.",
  },
  closed: { word: "Closed", meaning: "The credential was closed and gives no more tokens." },
};

const TONES: Readonly<Record<HealthState, Tone>> = {
  starting: "wait",
  ready: "good",
  degraded: "warn",
  failing: "bad",
  drained: "idle",
  closed: "idle",
};

/** A start that something is in the way of is as bad as a failure: it does not end by itself. */
export function toneOf(snapshot: HealthSnapshot): Tone {
  if (snapshot.state !== "starting") return TONES[snapshot.state];
  const heldUp = snapshot.gate?.state === "closed" || troubleOf(snapshot) !== undefined;
  return heldUp ? "bad" : "wait";
}

/** What is wrong comes first. */
const WORST: readonly HealthState[] = ["failing", "starting", "degraded", "closed", "drained", "ready"];

/** The credential that decides what is said of the process; `undefined` of none. */
export function worstOf(snapshots: readonly HealthSnapshot[]): HealthSnapshot | undefined {
  const [state] = WORST.filter((each) => snapshots.some((snapshot) => snapshot.state === each));
  return snapshots.find((snapshot) => snapshot.state === state);
}
