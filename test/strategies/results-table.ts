import { markdownTable } from "../generated.js";
import { readPod, type ContainerSpec } from "./kubelet/manifest.js";
import { EXIT_GRACE_S } from "./courses.js";
import { BUDGET_S } from "./expectations.js";
import { both, length, outcomeOf, type Outcome } from "./outcome.js";
import { PROMISES } from "./promises.js";
import type { RequestKind } from "./request-kinds.js";
import { LATE_S, SCENARIOS, type ScenarioName } from "./scenarios.js";
import type { Timeline } from "./timeline.js";
import { linkOf, manifestOf, VARIANT_NAMES, type VariantName } from "./variants.js";

/** Of readiness: whatever ends later has ended for another reason. */
const STOPS_WITHIN_S = 15;
/** A look of the library's, which is given up after 2 s, and a readiness probe. */
const IN_TIME_S = 12;
/** Longer than readiness takes to notice. */
const UNNOTICED_S = 15;

/** One row: what is told of a strategy. */
interface Seen {
  readonly strategy: VariantName;
  readonly manifest: string;
  readonly timeline: (scenario: ScenarioName) => Timeline;
  readonly outcome: (scenario: ScenarioName) => Outcome;
}

const COLUMNS: readonly (readonly [head: string, cell: (seen: Seen) => string])[] = [
  ["strategy", ({ strategy }) => linkOf(strategy)],
  ["prevented from starting", prevented],
  ["traffic stopped", stopped],
  ["restarted", restarted],
  ["wrong identity noticed", noticed],
  ["upstream requests per minute", requests],
  ["probe cost per minute", probeCost],
  ["image to pull", image],
];

/** A table of Markdown, from what was seen in every scenario, and how to read it. The same from run to run. */
export function resultsTable(timelines: readonly Timeline[]): string {
  const rows = VARIANT_NAMES.map((strategy) => {
    const timeline = (scenario: ScenarioName): Timeline => {
      const found = timelines.find((each) => each.strategy === strategy && each.scenario === scenario);
      if (found === undefined) throw new Error(`No timeline of ${strategy} in ${scenario}`);
      return found;
    };
    const outcome = (scenario: ScenarioName): Outcome => outcomeOf(timeline(scenario));
    const seen = { strategy, manifest: manifestOf(strategy), timeline, outcome };
    return COLUMNS.map(([, cell]) => cell(seen));
  });
  const table = markdownTable(
    COLUMNS.map(([head]) => head),
    rows,
  );
  return `${table}\n\n${READING}`;
}

/** Of the guidance nothing is said but what follows from the columns above. */
const READING = `
**prevented from starting**: _the container_ has not run; _traffic_ means that the application ran, asked for tokens, and was
not ready. **traffic stopped** is by readiness, within a look of the library's and a readiness probe, ${IN_TIME_S} s in all;
later is _late_. **restarted** is by the liveness probe, and by the startup probe where NMI is missing at the start. **wrong
identity noticed** says whether the application worked, ready, with a token of another identity for more than
${UNNOTICED_S} s: in strategies that are not in code it has credentials of the SDK as they are, that name no identity, and
renews its tokens while NMI or the identity changes. **upstream requests** are those for tokens, which NMI passes on to IMDS,
where the whole node has 20 a second; NMI answers looks at its health and at the route itself. Requests and probes are of a
pod in which everything is in order.

As in the pod identity guidance: an init container protects the start and nothing after it; NMI's health is a better probe than
a token, which costs NMI and IMDS a request each time; a token is a check only where its object ID is compared; and the
application's own endpoint, which goes on looking, is better than an init container.

Where this differs, it is for what the guidance's checks do not look at:

- NMI says \`Not Active\` with status 200: \`shell-wget\`, the check as published, takes it for health.
- NMI that exits says \`Active\` for another ${EXIT_GRACE_S} s while its rule is gone, and a rule that somebody drops does not
  change what it says at all. The checks here ask who answers for tokens as well.
- A check in another process says nothing of the tokens that the application has. Credentials of the SDK keep a token of another
  identity that came before NMI did, and a connection to IMDS that was opened while NMI was away, however healthy NMI is
  afterwards: whatever looks from outside finds all in order. Tokens are looked at one by one in \`nmi-in-code\` and
  \`token-in-code\` alone, and only \`token-in-code\`, or \`nmi-in-code\` with \`--oid\`, knows whose they must be.
- A deleted identity does not end its tokens: \`nmi-in-code\`, \`token-in-code\` and \`sidecar\` go on with those that are good, and
  \`token-exec-probes\`, which asks for a new one each time, does not.
- An identity that is missing is no fault of NMI's: \`nmi-in-code\` takes traffic until the application has asked for its first
  token for a whole budget, ${BUDGET_S} s, in vain, and again once a token has come or nobody has asked for 10 min.
  \`token-in-code\` takes none before the token is there, which the library asks for by itself.
- A token says nothing of roles: an identity that was only just given one is refused by Azure, and only \`arm-init\` waits for
  that.
- A restart loses good tokens, and cures neither NMI nor the identity. Where the rule is gone it does harm: the old process had
  its connection to NMI, and the new one opens its own, to IMDS. Probes that ask the library are restarted only once there is
  neither NMI nor a token left.
`.trim();

type Named = readonly [name: string, ...scenarios: ScenarioName[]];

const AT_THE_START: readonly Named[] = [
  ["NMI missing", "nmi-missing", "nmi-missing-one"],
  ["NMI `Not Active`", "nmi-not-active"],
  ["rule missing", "rule-missing"],
  ["no role yet", "role-late"],
  ["identity missing", "identity-missing"],
  ["no label", "unlabelled"],
  ["no label and NMI missing", "unlabelled-nmi-missing"],
  ["wrong identity", "identity-stale"],
];

/** Where it is the container, the application has not run; where it is traffic, it has, and was not ready. */
function prevented({ outcome }: Seen): string {
  const kept = AT_THE_START.filter(([, ...scenarios]) =>
    scenarios.every((name) => length(both(outcome(name).ready, [{ from: 0, to: LATE_S }])) === 0),
  );
  const hasRun = ([, ...scenarios]: Named): boolean =>
    scenarios.some((name) => (outcome(name).started ?? Infinity) < LATE_S);
  const shown = [
    ["the container", kept.filter((each) => !hasRun(each))],
    ["traffic", kept.filter(hasRun)],
  ] as const;
  const parts = shown.flatMap(([what, named]) => (named.length === 0 ? [] : [`${what}: ${list(named)}`]));
  return parts.join("; ") || "no";
}

const LATER: readonly Named[] = [
  ["NMI exits", "nmi-exits", "nmi-exits-long"],
  ["NMI crashes", "nmi-crashes", "nmi-crashes-long", "nmi-crashes-tokens-expire"],
  ["NMI hangs", "nmi-freezes"],
  ["rule dropped", "rule-dropped", "rule-dropped-early"],
  ["identity deleted", "identity-deleted"],
  ["identity made anew", "identity-recreated"],
];

/** When the first thing happens. */
const CHANGES = new Map(SCENARIOS.map(({ name, steps }) => [name, steps[0]?.at]));

function stopped({ outcome }: Seen): string {
  const found = LATER.flatMap(([name, ...scenarios]) => {
    const delays = scenarios.map((scenario) => {
      const change = CHANGES.get(scenario) ?? 0;
      const end = outcome(scenario).ready.find(({ to }) => to > change)?.to ?? Infinity;
      return end - change;
    });
    const longest = Math.max(...delays);
    if (longest > STOPS_WITHIN_S) return [];
    return [longest > IN_TIME_S ? `${name} (late)` : name];
  });
  return found.length === 0 ? "no" : found.join(", ");
}

const AWAY: readonly Named[] = [
  ["NMI missing at the start for 5 min", "nmi-missing"],
  ["NMI away for long", "nmi-crashes-long", "nmi-exits-long", "nmi-freezes"],
  ["rule dropped for long", "rule-dropped-early"],
  ["NMI away, and no good token left", "nmi-crashes-tokens-expire"],
  ["identity deleted", "identity-deleted"],
  ["identity made anew", "identity-recreated"],
];

function restarted({ outcome }: Seen): string {
  const ofApplication = awayFor((scenario) => outcome(scenario).restarts);
  const ofSidecar = awayFor((scenario) => outcome(scenario).sidecarRestarts);
  if (ofApplication !== undefined) return ofApplication;
  return ofSidecar === undefined ? "no" : `the sidecar alone: ${ofSidecar}`;
}

function awayFor(restarts: (scenario: ScenarioName) => readonly number[]): string | undefined {
  const found = AWAY.filter(([, ...scenarios]) => scenarios.every((name) => restarts(name).length > 0));
  // Who is restarted with good tokens is restarted without.
  const shown = found.some(([, name]) => name === "nmi-crashes-long")
    ? found.filter(([, name]) => name !== "nmi-crashes-tokens-expire")
    : found;
  return shown.length === 0 ? undefined : list(shown);
}

/** Scenarios in which an application that nobody stops has another identity's token. */
const WRONG: readonly Named[] = [
  ["NMI missing", "nmi-missing-one"],
  ["no label and NMI missing", "unlabelled-nmi-missing"],
  ["NMI `Not Active`", "nmi-not-active"],
  ["NMI late", "nmi-late"],
  ["rule late", "rule-missing"],
  ["rule dropped for long", "rule-dropped-early"],
  ["NMI gone for a while", "nmi-exits", "nmi-exits-long"],
  ["identity made anew", "identity-stale", "identity-recreated"],
];

/** Not noticed is what went on: work with another identity's token while the pod was ready. */
function noticed({ outcome }: Seen): string {
  const missed = WRONG.filter(([, ...scenarios]) =>
    scenarios.some((name) => length(both(outcome(name).wrong, outcome(name).ready)) > UNNOTICED_S),
  );
  if (missed.length > 0) return `not after: ${list(missed)}`;
  const had = WRONG.some(([, ...scenarios]) => scenarios.some((name) => outcome(name).wrong.length > 0));
  return had ? "always" : "always, and never used";
}

/** A minute in which everything has long been in place; the first liveness probes come at 30 s. */
const MINUTE = { from: 28, to: 88 } as const;

/** Of looks at the health port and the route NMI asks nobody; a token costs a request of NMI's to IMDS. */
function requests({ timeline }: Seen): string {
  const { events } = timeline("in-place");
  const count = (of: RequestKind): number => {
    const total = (until: number): number =>
      events.reduce(
        (last, event) =>
          event.kind === "requests" && event.of === of && event.at <= until ? event.total : last,
        0,
      );
    return rounded(total(MINUTE.to) - total(MINUTE.from));
  };
  const looks = count("health") + count("route");
  return `${count("token")}${looks === 0 ? "" : `; ${looks} to NMI alone`}`;
}

function probeCost({ timeline, manifest }: Seen): string {
  const { initContainers, containers } = readPod(manifest);
  const kinds = new Map<string, number>();
  for (const event of timeline("in-place").events) {
    if (event.kind !== "probe" || event.at < MINUTE.from || event.at >= MINUTE.to) continue;
    const spec = [...initContainers, ...containers].find(({ name }) => name === event.container);
    const kind = spec?.[`${event.probe}Probe`]?.handler.kind === "exec" ? "processes" : "HTTP requests";
    kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
  }
  return [...kinds].map(([kind, count]) => `${rounded(count)} ${kind}`).join(", ") || "none";
}

/** Periods are 5 s and more, so that what happens in a minute is counted one more or less from run to run. */
function rounded(count: number): number {
  return Math.round(count / 6) * 6;
}

function image({ manifest, strategy }: Seen): string {
  const { initContainers, containers } = readPod(manifest);
  if (strategy === "shell-wget") return "one with a shell and `wget`";
  const uses = (each: ContainerSpec): boolean =>
    [
      each.command,
      ...(["startupProbe", "readinessProbe", "livenessProbe"] as const).map((name) => {
        const handler = each[name]?.handler;
        return handler?.kind === "exec" ? handler.command : undefined;
      }),
    ].some((command) => command?.includes("azure-identity-guard") === true);
  if (containers.some(uses)) return "the application's, with the command line";
  if (initContainers.length > 0) return "one with the command line";
  return PROMISES[strategy].application === "guarded" ? "none: a dependency" : "none";
}

function list(named: readonly Named[]): string {
  return named.map(([name]) => name).join(", ");
}
