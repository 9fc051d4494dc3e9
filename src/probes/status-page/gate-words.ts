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
  "proxy-active": {
    short: "the migration proxy is up",
    sentence:
      "The Workload ID migration proxy is up, and it is the proxy that answers this pod's token requests.",
  },
  "token-file-valid": {
    short: "Workload ID is set up",
    sentence: "What the Workload ID webhook injects is there, and the service account token is valid.",
  },
  "route-bypassed": {
    short: "token requests reach IMDS itself",
    sentence:
      "A token request of this pod would reach IMDS itself, which could give another identity's token.",
  },
  "route-proxied": {
    short: "the migration proxy answers in place of NMI",
    sentence: "The Workload ID migration proxy answers token requests where NMI should.",
  },
  "route-not-proxied": {
    short: "token requests go past the migration proxy",
    sentence: "Somebody else answers token requests where the Workload ID migration proxy should.",
  },
  "route-unreachable": {
    short: "nobody answers token requests",
    sentence: "NMI, or the migration proxy, says that it is healthy, but nobody answers token requests.",
  },
  "proxy-unreachable": {
    short: "the migration proxy does not answer",
    sentence: "The Workload ID migration proxy of this pod does not answer.",
  },
  "proxy-unexpected": {
    short: "what answers as the migration proxy is not the proxy",
    sentence: "Something answers on the migration proxy's port, but not in the way the proxy does.",
  },
  "not-injected": {
    short: "the Workload ID webhook missed this pod",
    sentence: "Variables that the Workload ID webhook injects are missing.",
  },
  "injection-invalid": {
    short: "a variable of Workload ID cannot be used",
    sentence: "A variable that the Workload ID webhook injects has a value that cannot be used.",
  },
  "token-file-missing": {
    short: "the service account token is not there",
    sentence: "The file of the service account token is not there.",
  },
  "token-file-unreadable": {
    short: "the service account token cannot be read",
    sentence: "The file of the service account token is there, and cannot be read.",
  },
  "token-file-invalid": {
    short: "the service account token is none",
    sentence: "The file of the service account token holds something else.",
  },
  "token-file-expired": {
    short: "the service account token has expired",
    sentence: "The service account token has expired, and the kubelet has not renewed it.",
  },
  "gate-error": {
    short: "the gate's own check fails",
    sentence: "The gate's check threw an error, gave no observation, or took too long.",
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
