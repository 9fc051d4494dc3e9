import fc from "fast-check";

/** What the health address answers. `slow` is `Active` within the limit of a probe, `late` is past it. */
export const HEALTHS = [
  "active",
  "not-active",
  "refused",
  "hangs",
  "slow",
  "late",
  "another-word",
  "another-status",
] as const;
export type Health = (typeof HEALTHS)[number];

/** Who answers on the token path. `disguised` is NMI or anybody else behind a mesh that rewrites `Server`. */
export const ROUTES = ["nmi", "imds", "proxy", "refused", "hangs", "disguised"] as const;
export type Route = (typeof ROUTES)[number];

/** What becomes of a token request that reaches somebody. */
export const ANSWERS = [
  "right",
  "wrong-oid",
  "right-short", // a few seconds over the 30 s that a token must have left
  "right-minutes", // within the 5 min before expiry, where calls wait for a refresh
  "expired",
  "under-30s",
  "opaque",
  "hang",
  "reset",
  "400-multiple",
  "400-identity-not-found",
  "403-embedded-400",
  "403-embedded-429",
  "403-echo",
  "404-created",
  "404-none-found",
  "410",
  "429",
  "429-retry-after-3",
  "429-retry-after-huge",
  "500",
  "500-echo",
  "503-retry-after-20",
  "garbage-echo",
  "right-with-imds-body",
] as const;
export type AnswerKind = (typeof ANSWERS)[number];

/** How the plane behaves for a while. Durations in milliseconds. */
export interface Phase {
  readonly ms: number;
  readonly health: Health;
  readonly route: Route;
  readonly answer: AnswerKind;
  /** From the arrival of a token request to its answer; who answers, and what, is decided on arrival. */
  readonly latencyMs: number;
}

export interface CallPlan {
  readonly at: number;
  readonly instance: number;
  readonly scope: number;
  readonly kind: "getToken" | "warmUp";
  readonly cae: boolean;
  readonly claims?: string | undefined;
  readonly abortAfterMs?: number | undefined;
}

/** Everything that happens to one process and its node. */
export interface Schedule {
  readonly phases: readonly Phase[];
  readonly calls: readonly CallPlan[];
  /** Of the wall clock; `at` is monotonic. */
  readonly jumps: readonly { readonly at: number; readonly by: number }[];
  readonly closes: readonly { readonly at: number; readonly instance: number }[];
  /** Retry options of each instance, by their index in {@link RETRIES}. */
  readonly retries: readonly number[];
  readonly expects: boolean;
  readonly warmUp: boolean;
  /** 0 (inclusive) to 1 (exclusive), used in turn. */
  readonly chances: readonly number[];
}

/** Retry options that instances may have; each is valid by itself. */
export const RETRIES = [
  {},
  { budgetMs: 8_000 },
  { budgetMs: 30_000, minRetries: 1, attemptTimeoutMs: 12_000, delayMs: 2_000 },
  { budgetMs: 3_000, minRetries: 0, attemptTimeoutMs: 9_000 },
  { budgetMs: 400 },
] as const;

/** Times in steps of 50 ms, so that different things often happen at one moment. */
const time = (maxMs: number): fc.Arbitrary<number> =>
  fc.integer({ min: 0, max: Math.floor(maxMs / 50) }).map((steps) => steps * 50);

const oneOf = <T>(favourite: T, weight: number, all: readonly T[]): fc.Arbitrary<T> =>
  fc.oneof({ weight, arbitrary: fc.constant(favourite) }, { weight: 1, arbitrary: fc.constantFrom(...all) });

export const phase: fc.Arbitrary<Phase> = fc.record({
  ms: fc.oneof(time(4_000), time(30_000)),
  health: oneOf<Health>("active", 2, HEALTHS),
  route: oneOf<Route>("nmi", 2, ROUTES),
  answer: oneOf<AnswerKind>("right", 1, ANSWERS),
  latencyMs: fc.oneof(fc.constantFrom(0, 0, 50, 900), fc.constantFrom(3_000, 11_900, 14_950, 20_000)),
});

const call: fc.Arbitrary<CallPlan> = fc.record({
  at: fc.oneof(time(5_000), time(60_000)),
  instance: fc.nat(3),
  scope: fc.nat(1),
  kind: oneOf<CallPlan["kind"]>("getToken", 6, ["warmUp"]),
  cae: fc.boolean(),
  claims: fc.option(fc.constantFrom("claims-1", "claims-2"), { freq: 6, nil: undefined }),
  abortAfterMs: fc.option(time(20_000), { freq: 3, nil: undefined }),
});

const HOUR = 3_600_000;

export const schedule: fc.Arbitrary<Schedule> = fc.record({
  phases: fc.array(phase, { minLength: 1, maxLength: 8 }),
  calls: fc.array(call, { minLength: 1, maxLength: 12 }),
  jumps: fc.array(
    fc.record({
      at: time(60_000),
      by: fc.constantFrom(-HOUR, -1_000, 1_000, 20_000, 240_000, HOUR, 13 * HOUR, 23.95 * HOUR, 48 * HOUR),
    }),
    { maxLength: 3 },
  ),
  closes: fc.array(fc.record({ at: time(60_000), instance: fc.nat(3) }), { maxLength: 2 }),
  retries: fc.array(fc.nat(RETRIES.length - 1), { minLength: 4, maxLength: 4 }),
  expects: oneOf(true, 4, [true, false]),
  warmUp: oneOf(false, 1, [true, false]),
  chances: fc.array(fc.constantFrom(0, 0.3, 0.5, 0.99), { minLength: 1, maxLength: 4 }),
});
