import type { DemoEvent, GotToken, Service, StepName } from "../../src/cli/demo-events.js";
import { DEMO_SCRIPT, KEY_VAULT, STORAGE } from "../../src/cli/demo-script.js";

export const POD = "11111111-1111-4111-8111-111111111111";
export const NODE = "22222222-2222-4222-8222-222222222222";
/** When the runs below begin. */
export const START: number = Date.UTC(2026, 0, 1);
const DAY_MS = 86_400_000;

export function step(name: StepName): DemoEvent {
  const atMs = DEMO_SCRIPT.find((each) => each.name === name)?.atMs ?? 0;
  return { who: "node", type: "step", name, at: START + atMs };
}

/** A token that a caller got `atMs` after the start, having waited `waitedMs`. */
export function token(
  who: Service,
  atMs: number,
  objectId: string | undefined,
  options: { readonly resource?: string; readonly waitedMs?: number } = {},
): GotToken {
  const { resource = KEY_VAULT, waitedMs = 0 } = options;
  return {
    who,
    type: "token",
    at: START + atMs,
    askedAt: START + atMs - waitedMs,
    resource,
    ...(objectId === undefined ? {} : { objectId }),
    expiresOn: START + DAY_MS,
    refreshAfter: START + DAY_MS / 2,
  };
}

export function request(
  who: Service,
  atMs: number,
  answeredBy: "nmi" | "imds",
  resource: string = KEY_VAULT,
): DemoEvent {
  const client = who === "plain" ? "azsdk-js-identity/4.13.1" : "azure-identity-guard";
  return { who, type: "request", what: "token", at: START + atMs, answeredBy, resource, client };
}

export function health(atMs: number, from: string, to: string): DemoEvent {
  return { who: "guarded", type: "health", at: START + atMs, from, to, reason: "as told" };
}

export const started: DemoEvent = {
  who: "node",
  type: "start",
  at: START,
  pod: { name: "app", objectId: POD },
  node: { name: "node", objectId: NODE },
};

/** A run in which both fared as they do: the plain SDK was wrong throughout, the guard kept its promises. */
export const KEPT: readonly DemoEvent[] = [
  started,
  step("nmi-absent"),
  request("plain", 50, "imds"),
  token("plain", 100, NODE, { waitedMs: 90 }),
  token("plain", 1_100, NODE),
  step("nmi-not-active"),
  step("nmi-active"),
  health(5_100, "starting", "ready"),
  request("guarded", 5_500, "nmi"),
  step("identity-assigned"),
  token("plain", 9_500, NODE),
  token("guarded", 10_500, POD, { waitedMs: 10_400 }),
  step("nmi-exits"),
  token("guarded", 14_500, POD),
  step("second-resource"),
  request("plain", 15_010, "imds", STORAGE),
  token("plain", 15_020, NODE, { resource: STORAGE, waitedMs: 20 }),
  health(15_050, "ready", "degraded"),
  step("nmi-gone"),
  step("nmi-returns"),
  step("nmi-active-again"),
  health(18_300, "degraded", "ready"),
  token("plain", 18_400, NODE),
  token("plain", 18_500, NODE, { resource: STORAGE }),
  request("guarded", 18_600, "nmi", STORAGE),
  token("guarded", 18_700, POD, { resource: STORAGE, waitedMs: 3_600 }),
  token("guarded", 18_800, POD),
];

/** The kept run, with each event changed, left out (none) or followed by more. */
export function runWith(change: (event: DemoEvent) => readonly DemoEvent[]): readonly DemoEvent[] {
  return KEPT.flatMap(change);
}
