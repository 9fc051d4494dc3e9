import { createIdentity, type SimulatedIdentity } from "../../src/testing/simulated-identity.js";
import type { NodeAction, Scenario } from "./scenario.js";

/** The pod's name in every manifest. */
const POD = "app";
/** The identity that the application is meant to have: the one that the shipped manifests expect. */
export const APP_IDENTITY: SimulatedIdentity = createIdentity({
  name: "app",
  objectId: "00000000-0000-0000-0000-000000000000",
});
/** The one of the kubelet, which every node of AKS has. */
const KUBELET = createIdentity({ name: "kubelet" });
/** The node's own, where it has one. */
const NODE = createIdentity({ name: "node" });
/** Who the application's identity was before it was deleted and made anew. */
const BEFORE = createIdentity({ name: "app before it was made anew" });

/**
 * When something happens to a pod that runs: it has been ready for a while, and the 30 s in which liveness waits are nearly
 * over. Between two probes, whose periods are 5 s: what happens at once with a probe might come before it or after.
 */
export const CHANGE_S = 27;
/** Three liveness probes fail, of the five that it takes. */
export const BACK_IN_TIME_S: number = CHANGE_S + 15;
/** Five liveness probes have failed after the library's poll interval (5 s) and grace (30 s). */
export const BACK_TOO_LATE_S: number = CHANGE_S + 65;
/**
 * When it happens to a pod that has only just become ready: long before liveness looks at all, since its delay is 30 s.
 */
export const EARLY_S = 12;
/** Five liveness probes have failed since they began, and the pod waits to be started. */
export const BACK_AFTER_EARLY_S = 75;
/** Startup probes, where there are any, fail 60 times, every 5 s. */
export const STARTUP_S = 300;
/** What was missing at the start comes. */
export const LATE_S = 22;

const nmi = (action: string, more: object = {}): NodeAction => ({ to: "nmi", body: { action, ...more } });
const imds = (action: string, more: object = {}): NodeAction => ({ to: "imds", body: { action, ...more } });

const arm = (action: string): NodeAction => ({ to: "arm", body: { action } });

const NO_FAULTS: NodeAction = { to: "faults", body: { action: "clear" } };

const stale = (objectId: string | null): NodeAction =>
  imds("set-stale-principal", { identity: APP_IDENTITY, objectId });

/** Tokens that are renewed at each call by the SDK, and by the guard too: who answers now is who the next token names. */
const RENEWED_TOKENS = imds("set-tokens", { lifetimeMs: 240_000 });
/** The guard takes no token with under 30 s of life: one from the start is lost a little after CHANGE_S. */
const SHORT_TOKENS = imds("set-tokens", { lifetimeMs: 60_000 });

const NMI_STATE = {
  active: nmi("set-state", { state: "active" }),
  "not-active": nmi("set-state", { state: "not-active" }),
  down: nmi("set-state", { state: "down" }),
} as const;

/** What IMDS has to give to who asks it past NMI, naming no identity. */
const IDENTITIES = {
  /** The only one: a token, and not the application's. */
  kubelet: [imds("attach", { identity: KUBELET })],
  /** The only one is the application's. */
  app: [imds("attach", { identity: APP_IDENTITY })],
  /** Several: refused with 400. */
  several: [imds("attach", { identity: KUBELET }), imds("attach", { identity: APP_IDENTITY })],
  /** A token of the system-assigned one. */
  system: [
    imds("attach", { identity: KUBELET }),
    imds("attach", { identity: APP_IDENTITY }),
    imds("set-system-assigned", { identity: NODE }),
  ],
} as const;

interface Beginning {
  readonly nmi: keyof typeof NMI_STATE;
  readonly identities: keyof typeof IDENTITIES;
  /** Whether NMI knows that the application's identity is the pod's. */
  readonly assigned: boolean;
}

/** Takes away what may be there, and makes what is to be. */
function node(beginning: Beginning): readonly NodeAction[] {
  const assign = { pod: POD, identity: APP_IDENTITY, attach: false };
  return [
    { to: "mic", body: { action: "unassign", pod: POD, identity: APP_IDENTITY } },
    imds("detach", { identity: APP_IDENTITY }),
    imds("detach", { identity: KUBELET }),
    imds("set-system-assigned", { identity: null }),
    imds("set-tokens", { lifetimeMs: 86_400_000 }),
    // Forgets the tokens of before as well.
    stale(null),
    ...IDENTITIES[beginning.identities],
    ...(beginning.assigned ? [{ to: "mic", body: { action: "assign", ...assign } } as const] : []),
    NO_FAULTS,
    NMI_STATE[beginning.nmi],
  ];
}

const IN_PLACE = { nmi: "active", identities: "several", assigned: true } as const;

const DROP_RULE = nmi("drop-rule", { restoredAfterMs: "never" });
const INSTALL_RULE = nmi("install-rule");

const NMI_EXITS = { at: CHANGE_S, step: "NMI exits gracefully", actions: [nmi("exit-gracefully")] };
const NMI_CRASHES = { at: CHANGE_S, step: "NMI crashes", actions: [nmi("crash")] };
const nmiStarts = (at: number): Scenario["steps"][number] => ({
  at,
  step: "NMI starts",
  actions: [nmi("start")],
});

/** Connections are taken, and nothing is answered: on the health port, and where tokens are asked for. */
const NMI_FREEZES = {
  at: CHANGE_S,
  step: "NMI freezes",
  actions: ["health", "nmi"].map((target) => ({
    to: "faults" as const,
    body: { action: "always", target, fault: { kind: "hold" } },
  })),
};

export type ScenarioName =
  | "in-place"
  | "in-place-one"
  | "in-place-system"
  | "nmi-missing"
  | "nmi-missing-one"
  | "nmi-late"
  | "nmi-not-active"
  | "rule-missing"
  | "nmi-exits"
  | "nmi-exits-long"
  | "nmi-crashes"
  | "nmi-crashes-long"
  | "nmi-crashes-tokens-expire"
  | "nmi-freezes"
  | "rule-dropped"
  | "rule-dropped-early"
  | "role-late"
  | "identity-missing"
  | "identity-deleted"
  | "identity-stale"
  | "identity-recreated"
  | "unlabelled"
  | "unlabelled-nmi-missing";

export type NamedScenario = Scenario & { readonly name: ScenarioName };

/** As short as the rules of probes allow: a minute of each is a minute on a cluster. */
const BY_NAME: Readonly<Record<ScenarioName, Omit<Scenario, "name">>> = {
  "in-place": {
    title: "everything is in place",
    labelled: true,
    given: node(IN_PLACE),
    steps: [],
    // The figures of a minute are counted in it.
    lasts: 90,
  },
  "in-place-one": {
    title: "everything is in place, the application's identity alone on the node",
    labelled: true,
    given: node({ ...IN_PLACE, identities: "app" }),
    steps: [],
    lasts: 25,
  },
  "in-place-system": {
    title: "everything is in place, on a node with a system-assigned identity",
    labelled: true,
    given: node({ ...IN_PLACE, identities: "system" }),
    steps: [],
    lasts: 25,
  },
  "nmi-missing": {
    title: "NMI is missing, several identities on the node",
    labelled: true,
    given: node({ ...IN_PLACE, nmi: "down" }),
    steps: [],
    // Longer than a startup probe waits.
    lasts: STARTUP_S + 30,
  },
  "nmi-missing-one": {
    title: "NMI is missing, the kubelet's identity alone on the node",
    labelled: true,
    given: node({ ...IN_PLACE, nmi: "down", identities: "kubelet" }),
    steps: [],
    lasts: 25,
  },
  "nmi-late": {
    title: "NMI comes late, on a node with a system-assigned identity",
    labelled: true,
    given: node({ ...IN_PLACE, nmi: "down", identities: "system" }),
    steps: [nmiStarts(LATE_S)],
    lasts: 50,
  },
  "nmi-not-active": {
    title: "NMI is Not Active, on a node with a system-assigned identity",
    labelled: true,
    given: node({ ...IN_PLACE, nmi: "not-active", identities: "system" }),
    steps: [],
    // Longer than liveness that counts from the start would take to restart it, were it not for the startup probe.
    lasts: 65,
  },
  "rule-missing": {
    title:
      "NMI's rule is missing while NMI says Active, and comes late, on a node with a system-assigned identity",
    labelled: true,
    given: [...node({ ...IN_PLACE, identities: "system" }), DROP_RULE],
    steps: [{ at: LATE_S, step: "NMI's rule comes", actions: [INSTALL_RULE] }],
    lasts: 50,
  },
  "nmi-exits": {
    title: "NMI exits gracefully, and is back in time",
    labelled: true,
    given: [...node({ ...IN_PLACE, identities: "system" }), RENEWED_TOKENS],
    steps: [NMI_EXITS, nmiStarts(BACK_IN_TIME_S)],
    lasts: 60,
  },
  "nmi-exits-long": {
    title: "NMI exits gracefully, and is back too late",
    labelled: true,
    given: [...node({ ...IN_PLACE, identities: "system" }), RENEWED_TOKENS],
    steps: [NMI_EXITS, nmiStarts(BACK_TOO_LATE_S)],
    lasts: 115,
  },
  "nmi-crashes": {
    title: "NMI crashes, and is back in time",
    labelled: true,
    given: node(IN_PLACE),
    steps: [NMI_CRASHES, nmiStarts(BACK_IN_TIME_S)],
    lasts: 60,
  },
  "nmi-crashes-long": {
    title: "NMI crashes, and is back too late",
    labelled: true,
    given: node(IN_PLACE),
    steps: [NMI_CRASHES, nmiStarts(BACK_TOO_LATE_S)],
    lasts: 115,
  },
  "nmi-crashes-tokens-expire": {
    title: "NMI crashes, tokens expire, and it is back too late",
    labelled: true,
    given: [...node(IN_PLACE), SHORT_TOKENS],
    steps: [NMI_CRASHES, nmiStarts(BACK_TOO_LATE_S)],
    lasts: 115,
  },
  "nmi-freezes": {
    title: "NMI takes connections and does not answer, for long",
    labelled: true,
    given: node(IN_PLACE),
    steps: [NMI_FREEZES, { at: BACK_TOO_LATE_S, step: "NMI goes on", actions: [NO_FAULTS] }],
    lasts: 115,
  },
  "rule-dropped": {
    title: "NMI's rule is dropped while NMI says Active, on a node with a system-assigned identity",
    labelled: true,
    given: [...node({ ...IN_PLACE, identities: "system" }), RENEWED_TOKENS],
    steps: [
      { at: CHANGE_S, step: "NMI's rule is dropped", actions: [DROP_RULE] },
      { at: BACK_IN_TIME_S, step: "NMI's rule is back", actions: [INSTALL_RULE] },
    ],
    lasts: 60,
  },
  "rule-dropped-early": {
    title:
      "NMI's rule is dropped early and for long while NMI says Active, on a node with a system-assigned identity",
    labelled: true,
    given: [...node({ ...IN_PLACE, identities: "system" }), RENEWED_TOKENS],
    steps: [
      { at: EARLY_S, step: "NMI's rule is dropped", actions: [DROP_RULE] },
      { at: BACK_AFTER_EARLY_S, step: "NMI's rule is back", actions: [INSTALL_RULE] },
    ],
    lasts: 100,
  },
  "role-late": {
    title: "the identity gets its role late",
    labelled: true,
    given: [...node(IN_PLACE), arm("revoke-role")],
    steps: [{ at: LATE_S, step: "the identity gets its role", actions: [arm("grant-role")] }],
    lasts: 50,
  },
  "identity-missing": {
    title: "the identity is never assigned to the pod",
    labelled: true,
    given: node({ ...IN_PLACE, identities: "kubelet", assigned: false }),
    steps: [],
    // More than a budget, and what it takes to notice.
    lasts: 105,
  },
  "identity-deleted": {
    title: "the identity is deleted, tokens from before being good for hours",
    labelled: true,
    given: node(IN_PLACE),
    steps: [
      {
        at: CHANGE_S,
        step: "the identity is deleted",
        actions: [imds("detach", { identity: APP_IDENTITY })],
      },
    ],
    lasts: 70,
  },
  "identity-stale": {
    title: "the identity was made anew, and IMDS begins with tokens of the one before",
    labelled: true,
    given: [...node(IN_PLACE), stale(BEFORE.objectId)],
    steps: [{ at: LATE_S, step: "IMDS knows the new identity", actions: [stale(null)] }],
    lasts: 50,
  },
  "identity-recreated": {
    title: "the identity is made anew while the pod runs, and IMDS goes on with tokens of another",
    labelled: true,
    given: [...node(IN_PLACE), RENEWED_TOKENS],
    steps: [
      { at: CHANGE_S, step: "IMDS gives another's tokens", actions: [stale(BEFORE.objectId)] },
      // Not before the guard renews: it asks again after a minute, where the SDK asks each time.
      { at: BACK_TOO_LATE_S, step: "IMDS gives the right tokens", actions: [stale(null)] },
    ],
    lasts: 115,
  },
  unlabelled: {
    title: "the pod lacks the identity label",
    labelled: false,
    given: node({ ...IN_PLACE, assigned: false }),
    steps: [],
    // More than a budget, and what it takes to notice.
    lasts: 105,
  },
  "unlabelled-nmi-missing": {
    title: "the pod lacks the identity label, and NMI is missing: the kubelet's identity is open to it",
    labelled: false,
    given: node({ nmi: "down", identities: "kubelet", assigned: false }),
    steps: [],
    lasts: 25,
  },
};

/** Every strategy meets each. */
export const SCENARIOS: readonly NamedScenario[] = Object.entries(BY_NAME).map(([name, scenario]) => ({
  // A key of the table above.
  name: name as ScenarioName,
  ...scenario,
}));
