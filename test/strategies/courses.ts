import {
  BACK_AFTER_EARLY_S,
  BACK_IN_TIME_S,
  BACK_TOO_LATE_S,
  CHANGE_S,
  EARLY_S,
  LATE_S,
  type ScenarioName,
} from "./scenarios.js";

/**
 * How far a look at the identity plane gets: `status` is an answer of NMI's health port, `nmi` one that says Active while
 * requests for tokens reach NMI, `token` a token of the application's identity. Each takes the ones before it.
 */
export type Reach = "nothing" | "status" | "nmi" | "token";

/** What becomes of the plane in a scenario, as someone sees who looks anew. */
export interface Course {
  /** Each until the next one. */
  readonly phases: readonly { readonly from: number; readonly reach: Reach }[];
  /** From when on the identity has a role, which only Azure Resource Manager minds. Absent: from before the start. */
  readonly role?: number;
  /** How long tokens live that were good at first. */
  readonly tokens: "a day" | "minutes" | "seconds";
  /** Whether what is away does not answer, so that every look at it lasts until it is given up. */
  readonly hangs?: true;
  readonly wrong?: WrongToken;
}

/** When an application has another identity's token that nobody keeps it from asking for. */
export interface WrongToken {
  readonly from: number;
  /** Absent: to the end. */
  readonly to?: number;
  /** Only one that runs before. */
  readonly startedBefore?: number;
  /** Only one that is restarted meanwhile: the others keep their connection to NMI. */
  readonly restarted?: true;
  /** The same with a guarded credential that is not told whose token to expect. Absent: never. */
  readonly guardedFrom?: number;
}

const IN_PLACE: Course = { phases: [{ from: 0, reach: "token" }], tokens: "a day" };

/** IMDS answers with the only identity that it has, and does not look at labels. */
const MISSING_AND_ONE: Course = {
  phases: [{ from: 0, reach: "nothing" }],
  tokens: "a day",
  wrong: { from: 0 },
};

/** There is no rule until then, and IMDS answers; the SDK keeps the token that it gave. */
const late = (reach: Reach): Course => ({
  phases: [
    { from: 0, reach },
    { from: LATE_S, reach: "token" },
  ],
  tokens: "a day",
  wrong: { from: 0, startedBefore: LATE_S },
});

/** NMI that exits answers health for as long. */
export const EXIT_GRACE_S = 10;

const exits = (back: number): Course => ({
  phases: [
    { from: 0, reach: "token" },
    { from: CHANGE_S, reach: "status" },
    { from: CHANGE_S + EXIT_GRACE_S, reach: "nothing" },
    { from: back, reach: "token" },
  ],
  tokens: "minutes",
  // Until NMI's process has ended, the connection that the SDK keeps open leads to it; the one that it opens next leads to IMDS
  // for as long as it lives.
  wrong: { from: CHANGE_S + EXIT_GRACE_S },
});

const crashes = (back: number, tokens: Course["tokens"]): Course => ({
  phases: [
    { from: 0, reach: "token" },
    { from: CHANGE_S, reach: "nothing" },
    { from: back, reach: "token" },
  ],
  tokens,
});

const ruleDropped = (at: number, back: number): Course => ({
  phases: [
    { from: 0, reach: "token" },
    { from: at, reach: "status" },
    { from: back, reach: "token" },
  ],
  tokens: "minutes",
  // A new process opens a connection to IMDS, and keeps it.
  wrong: { from: at, restarted: true },
});

const NO_TOKEN: Course = { phases: [{ from: 0, reach: "nmi" }], tokens: "a day" };

/** By scenario: what its actions do to the plane. */
export const COURSES: Readonly<Record<ScenarioName, Course>> = {
  "in-place": IN_PLACE,
  "in-place-one": IN_PLACE,
  "in-place-system": IN_PLACE,
  // Of several identities IMDS gives none.
  "nmi-missing": { phases: [{ from: 0, reach: "nothing" }], tokens: "a day" },
  "nmi-missing-one": MISSING_AND_ONE,
  "nmi-late": late("nothing"),
  // There is no rule yet, and IMDS answers.
  "nmi-not-active": { phases: [{ from: 0, reach: "status" }], tokens: "a day", wrong: { from: 0 } },
  "rule-missing": late("status"),
  "nmi-exits": exits(BACK_IN_TIME_S),
  "nmi-exits-long": exits(BACK_TOO_LATE_S),
  "nmi-crashes": crashes(BACK_IN_TIME_S, "a day"),
  "nmi-crashes-long": crashes(BACK_TOO_LATE_S, "a day"),
  "nmi-crashes-tokens-expire": crashes(BACK_TOO_LATE_S, "seconds"),
  // The rule leads to NMI all the while.
  "nmi-freezes": { ...crashes(BACK_TOO_LATE_S, "a day"), hangs: true },
  "rule-dropped": ruleDropped(CHANGE_S, BACK_IN_TIME_S),
  "rule-dropped-early": ruleDropped(EARLY_S, BACK_AFTER_EARLY_S),
  "role-late": {
    phases: [
      { from: 0, reach: "token" },
      { from: LATE_S, reach: "token" },
    ],
    role: LATE_S,
    tokens: "a day",
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
    // NMI passes on what IMDS gives.
    wrong: { from: 0, startedBefore: LATE_S, guardedFrom: 0 },
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
      // These tokens are always due for renewal, which the guard does not repeat within 60 s: once at the start, and then.
      guardedFrom: 60,
    },
  },
  unlabelled: NO_TOKEN,
  "unlabelled-nmi-missing": MISSING_AND_ONE,
};
