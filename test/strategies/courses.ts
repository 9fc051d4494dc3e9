import { BACK_IN_TIME_S, BACK_TOO_LATE_S, CHANGE_S, LATE_S, type ScenarioName } from "./scenarios.js";

/**
 * How far a look at the identity plane gets: `status` is an answer of NMI's health port, `nmi` one that says Active while
 * requests for tokens reach NMI, `token` a token of the application's identity. Each takes the ones before it.
 */
export type Reach = "nothing" | "status" | "nmi" | "token";

/** What becomes of the plane in a scenario, as someone sees who looks anew. */
export interface Course {
  /** Each until the next one. */
  readonly phases: readonly { readonly from: number; readonly reach: Reach }[];
  /** How long tokens live that were good at first. */
  readonly tokens: "a day" | "minutes" | "seconds";
  readonly wrong?: WrongToken;
}

/** When an application has another identity's token that nobody keeps it from asking for. */
export interface WrongToken {
  readonly from: number;
  /** Absent: to the end. */
  readonly to?: number;
  /** Only one that runs before. */
  readonly startedBefore?: number;
  /** The same with a guarded credential that is not told whose token to expect. Absent: never. */
  readonly guardedFrom?: number;
  readonly why: string;
}

const IN_PLACE: Course = { phases: [{ from: 0, reach: "token" }], tokens: "a day" };

const missing = (why: string): Course => ({
  phases: [{ from: 0, reach: "nothing" }],
  tokens: "a day",
  wrong: { from: 0, why },
});

const EXIT_GRACE_S = 10;

const exits = (back: number): Course => ({
  phases: [
    { from: 0, reach: "token" },
    { from: CHANGE_S, reach: "status" },
    { from: CHANGE_S + EXIT_GRACE_S, reach: "nothing" },
    { from: back, reach: "token" },
  ],
  tokens: "minutes",
  wrong: {
    // Until NMI's process has ended, the connection that the SDK keeps open leads to it.
    from: CHANGE_S + EXIT_GRACE_S,
    why: "the connection that the SDK opens meanwhile leads to IMDS for as long as it lives",
  },
});

const crashes = (back: number, tokens: Course["tokens"]): Course => ({
  phases: [
    { from: 0, reach: "token" },
    { from: CHANGE_S, reach: "nothing" },
    { from: back, reach: "token" },
  ],
  tokens,
});

const NO_TOKEN: Course = { phases: [{ from: 0, reach: "nmi" }], tokens: "a day" };

/** By scenario: what its actions do to the plane. */
export const COURSES: Readonly<Record<ScenarioName, Course>> = {
  "in-place": IN_PLACE,
  "in-place-one": IN_PLACE,
  "in-place-system": IN_PLACE,
  // Of several identities IMDS gives none.
  "nmi-missing": { phases: [{ from: 0, reach: "nothing" }], tokens: "a day" },
  "nmi-missing-one": missing("IMDS answers with the only identity that it has"),
  "nmi-late": {
    phases: [
      { from: 0, reach: "nothing" },
      { from: LATE_S, reach: "token" },
    ],
    tokens: "a day",
    wrong: { from: 0, startedBefore: LATE_S, why: "the SDK keeps the token that came before NMI did" },
  },
  "nmi-not-active": {
    phases: [{ from: 0, reach: "status" }],
    tokens: "a day",
    wrong: { from: 0, why: "NMI has no rule yet, and IMDS answers" },
  },
  "nmi-exits": exits(BACK_IN_TIME_S),
  "nmi-exits-long": exits(BACK_TOO_LATE_S),
  "nmi-crashes": crashes(BACK_IN_TIME_S, "a day"),
  "nmi-crashes-long": crashes(BACK_TOO_LATE_S, "a day"),
  "nmi-crashes-tokens-expire": crashes(BACK_TOO_LATE_S, "seconds"),
  // An application that runs keeps its connection to NMI, and nobody starts anew.
  "rule-dropped": {
    phases: [
      { from: 0, reach: "token" },
      { from: CHANGE_S, reach: "status" },
      { from: BACK_IN_TIME_S, reach: "token" },
    ],
    tokens: "minutes",
  },
  "identity-missing": NO_TOKEN,
  "identity-deleted": {
    phases: [
      { from: 0, reach: "token" },
      { from: CHANGE_S, reach: "nmi" },
    ],
    tokens: "a day",
  },
  "identity-stale": {
    phases: [
      { from: 0, reach: "nmi" },
      { from: LATE_S, reach: "token" },
    ],
    tokens: "a day",
    wrong: { from: 0, startedBefore: LATE_S, guardedFrom: 0, why: "NMI passes on what IMDS gives" },
  },
  "identity-recreated": {
    phases: [
      { from: 0, reach: "token" },
      { from: CHANGE_S, reach: "nmi" },
      { from: BACK_TOO_LATE_S, reach: "token" },
    ],
    tokens: "minutes",
    wrong: {
      from: CHANGE_S,
      to: BACK_TOO_LATE_S,
      // A minute after the guard has last renewed.
      guardedFrom: 60,
      why: "NMI passes on what IMDS gives",
    },
  },
  unlabelled: NO_TOKEN,
  "unlabelled-nmi-missing": missing("IMDS does not look at labels"),
};
