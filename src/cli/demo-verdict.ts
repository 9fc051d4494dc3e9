import type { DemoEvent, StepName } from "./demo-events.js";
import { demoFacts, type DemoFacts } from "./demo-facts.js";
import { DEMO_SCRIPT, KEY_VAULT, STORAGE } from "./demo-script.js";

/** Something that the guard promises, and whether this run kept it. */
export interface Promised {
  readonly promise: string;
  readonly kept: boolean;
}

export interface Verdict {
  /** Whether all promises were kept. */
  readonly kept: boolean;
  readonly promises: readonly Promised[];
  /** 0 where all promises were kept, else 1. */
  readonly exitCode: 0 | 1;
}

interface PromiseRow {
  readonly promise: string;
  readonly kept: (facts: DemoFacts, events: readonly DemoEvent[]) => boolean;
}

const since = (facts: DemoFacts, step: StepName): number => facts.at(step) ?? Infinity;

/** What a run must show of the guard. How the plain SDK fares is reported, and judged by nobody. */
const PROMISES: readonly PromiseRow[] = [
  {
    promise: "both services ran to the end of the script",
    kept: (facts, events) =>
      DEMO_SCRIPT.every(({ name }) => facts.at(name) !== undefined) &&
      facts.start !== undefined &&
      !events.some(({ type }) => type === "died"),
  },
  {
    promise: "no caller got another identity's token",
    kept: (facts) => {
      const tokens = facts.tokens("guarded");
      return tokens.length > 0 && tokens.every(({ right }) => right);
    },
  },
  { promise: "no caller got an error", kept: (facts) => facts.errors("guarded").length === 0 },
  {
    promise: "the first token came once the node could give the right one",
    kept: (facts) => {
      const [first] = facts.of("guarded", KEY_VAULT).tokens;
      return first?.right === true && first.at >= since(facts, "identity-assigned");
    },
  },
  {
    promise: "the token in hand was served while NMI restarted",
    kept: (facts) => {
      const served = facts
        .of("guarded", KEY_VAULT)
        .tokens.filter(
          ({ askedAt, at }) => askedAt >= since(facts, "nmi-exits") && at < since(facts, "nmi-active-again"),
        );
      return served.length > 0 && served.every(({ right, cached }) => right && cached);
    },
  },
  {
    promise: "a new token was held back until NMI was in charge again, and was right",
    kept: (facts) => {
      const [first] = facts.of("guarded", STORAGE).tokens;
      return first?.right === true && first.at >= since(facts, "nmi-active-again");
    },
  },
  {
    promise: "its health said degraded while NMI restarted, and ready at the end",
    kept: (facts, events) => {
      const changes = events.filter((event) => event.type === "health");
      const degraded = changes.some(
        ({ to, at }) =>
          to === "degraded" && at >= since(facts, "nmi-exits") && at < since(facts, "nmi-active-again"),
      );
      return degraded && changes.at(-1)?.to === "ready";
    },
  },
];

/** What a run came to, from its events alone. */
export function demoVerdict(events: readonly DemoEvent[]): Verdict {
  const facts = demoFacts(events);
  const promises = PROMISES.map(({ promise, kept }) => ({ promise, kept: kept(facts, events) }));
  const kept = promises.every((each) => each.kept);
  return { kept, promises, exitCode: kept ? 0 : 1 };
}

/** Whether nothing more is to come: each service has an answer, later than the last step, for all that it asked for. */
export function isSettled(events: readonly DemoEvent[]): boolean {
  const facts = demoFacts(events);
  const end = since(facts, "nmi-active-again");
  return (["plain", "guarded"] as const).every((who) =>
    [KEY_VAULT, STORAGE].every((resource) => {
      const { tokens, errors } = facts.of(who, resource);
      return [...tokens, ...errors].some(({ at }) => at >= end);
    }),
  );
}
