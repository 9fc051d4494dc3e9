import type { GateReason } from "../../../gate/gate.js";
import type { Observations, RouteLook } from "../observations.js";
import type { Condition } from "../rule.js";
import { answererWords } from "../words.js";

/** What rules of NMI ask of the observations. */

export const all =
  (...conditions: readonly Condition[]): Condition =>
  (seen) =>
    conditions.every((condition) => condition(seen));

export const not =
  (condition: Condition): Condition =>
  (seen) =>
    !condition(seen);

export const isNmi: Condition = ({ plane, nmi }) => plane.kind === "nmi" && nmi !== undefined;

export const health =
  (...reasons: readonly GateReason[]): Condition =>
  (seen) =>
    isNmi(seen) && seen.nmi !== undefined && reasons.includes(seen.nmi.reason);

export const active: Condition = health("active");

export const silent: Condition = health("health-refused", "health-timeout", "health-unreachable");

export const isElsewhere: Condition = ({ nmi }) => nmi?.elsewhere !== undefined;

export const route =
  (...routes: readonly RouteLook["route"][]): Condition =>
  ({ route: look }) =>
    look !== undefined && routes.includes(look.route);

/** Packets vanish, where a closed port would refuse them. */
export const hangs: Condition = ({ route: look }) => look?.detail.startsWith("no answer") === true;

export const onHostNetwork: Condition = ({ settings }) => settings.onHostNetwork;

/** The host of a URL, of which something may have been hidden. */
export const hostOf = (url = ""): string => (URL.canParse(url) ? new URL(url).hostname : url);

/** What health and route showed. */
export const both = ({ nmi, route: look }: Observations): string =>
  [nmi?.detail, answererWords(look)].join("; ");
