import type { GateReason } from "../../gate/gate.js";
import { cut } from "./markup.js";

/** A reason in words that name nobody. */
export interface GateWords {
  /** For a headline, after a colon. */
  readonly short: string;
  readonly sentence: string;
}

type OwnReason = Exclude<GateReason, `custom:${string}`>;

const WORDS: Readonly<Record<OwnReason, GateWords>> = {
  active: {
    short: "NMI is healthy",
    sentence: "NMI is healthy, and it is NMI that answers this pod's token requests.",
  },
  "active-route-unknown": {
    short: "NMI is healthy",
    sentence:
      "NMI is healthy. Who answers this pod's token requests cannot be told, so NMI's health alone decides.",
  },
  "not-active": {
    short: "NMI is not active yet",
    sentence: "NMI runs on this node, but does not intercept this pod's token requests yet.",
  },
  "health-refused": {
    short: "nothing listens on NMI's health port",
    sentence: "Nothing listens on NMI's health port on this node.",
  },
  "health-unreachable": {
    short: "NMI's address cannot be reached",
    sentence: "The address of NMI's health port cannot be reached or resolved.",
  },
  "health-timeout": {
    short: "NMI does not answer",
    sentence: "NMI's health port gives no answer in time.",
  },
  "health-unexpected": {
    short: "what answers as NMI is not NMI",
    sentence: "Something answers on NMI's health port, but not in the way NMI does.",
  },
  "route-bypassed": {
    short: "token requests go past NMI",
    sentence:
      "NMI says that it is healthy, but a token request would reach IMDS, which could give another identity's token.",
  },
  "route-proxied": {
    short: "the migration proxy answers in place of NMI",
    sentence: "The Workload ID migration proxy answers token requests where NMI should.",
  },
  "route-unreachable": {
    short: "nobody answers token requests",
    sentence: "NMI says that it is healthy, but nobody answers token requests.",
  },
  "gate-error": {
    short: "the gate's own check fails",
    sentence: "The gate's check threw an error, gave no observation, or took more than 2 s.",
  },
};

const KNOWN: ReadonlyMap<string, GateWords> = new Map(Object.entries(WORDS));

/** Gates of the application's own give reasons of their own, which are codes, and are quoted. */
export function gateWords({ reason, state }: { reason: string; state: "open" | "closed" }): GateWords {
  const known = KNOWN.get(reason);
  if (known !== undefined) return known;
  const code = gateCode(reason);
  return {
    short: `the gate says ${code}`,
    sentence: `The application's own gate is ${state} and says “${code}”.`,
  };
}

/** The code, for people to search for. */
export function gateCode(reason: string): string {
  return cut(reason, 100);
}
