import type { HealthSnapshot } from "../health/health-snapshot.js";
import { DURATION_METRIC, METRIC_PREFIX, METRIC_TABLE, prometheusName } from "../health/metric-table.js";
import { PACKAGE_VERSION } from "../package-info.js";
import { subjectOf, type ProbeTarget } from "./target.js";

/** The text format of Prometheus, version 0.0.4. */
export const METRICS_CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8";

/** Credentials that are shown at most. An application with more of them has a leak, and a scraper must not suffer for it. */
const MAX_CREDENTIALS = 100;

/**
 * Metrics in the text format of Prometheus, for an application that has a `/metrics` of its own to add them to. Without a
 * target those of all guarded credentials of the process. Ends in a line break. Holds no token, and object IDs and addresses
 * nowhere; resources that are not Azure's own only where `details` is on.
 *
 * @public
 */
export function renderMetrics(target?: ProbeTarget | readonly ProbeTarget[]): string {
  return metricsText(subjectOf(target).snapshots());
}

/** The same for snapshots. */
export function metricsText(all: readonly HealthSnapshot[]): string {
  const snapshots = all.slice(0, MAX_CREDENTIALS);
  const names = uniqueNames(snapshots);
  const families = METRIC_TABLE.map((metric) => {
    const name = prometheusName(metric);
    const series = snapshots.flatMap((snapshot, index) =>
      metric
        .read(snapshot)
        .map(({ labels, value }) => line(name, { credential: names[index] ?? "", ...labels }, value)),
    );
    return [...head(name, metric.type, metric.help), ...series];
  });
  return [
    ...head(`${METRIC_PREFIX}_build_info`, "gauge", "1, with the version of azure-identity-guard."),
    line(`${METRIC_PREFIX}_build_info`, { version: PACKAGE_VERSION }, 1),
    ...families.filter((family) => family.length > 2).flat(),
    ...durations(snapshots, names),
    "",
  ].join("\n");
}

function durations(snapshots: readonly HealthSnapshot[], names: readonly string[]): readonly string[] {
  const name = prometheusName(DURATION_METRIC);
  const series = snapshots.flatMap(({ metrics }, index) =>
    metrics.acquisitions.flatMap(({ outcome, count, sumMs, buckets }) => {
      const labels = { credential: names[index] ?? "", outcome };
      const bounds = DURATION_METRIC.buckets.map((bound, at) =>
        line(`${name}_bucket`, { ...labels, le: String(bound) }, buckets[at] ?? 0),
      );
      return [
        ...bounds,
        line(`${name}_bucket`, { ...labels, le: "+Inf" }, count),
        line(`${name}_sum`, labels, sumMs / 1000),
        line(`${name}_count`, labels, count),
      ];
    }),
  );
  return series.length === 0 ? [] : [...head(name, "histogram", DURATION_METRIC.help), ...series];
}

const head = (name: string, type: string, help: string): readonly string[] => [
  `# HELP ${name} ${help}`,
  `# TYPE ${name} ${type}`,
];

function line(name: string, labels: Readonly<Record<string, string>>, value: number): string {
  const pairs = Object.entries(labels).map(([label, text]) => `${label}="${escaped(text)}"`);
  return `${name}${pairs.length === 0 ? "" : `{${pairs.join(",")}}`} ${value}`;
}

const escaped = (text: string): string =>
  text.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");

/** Two series of one name and the same labels would make a scraper refuse all of them; targets may share a name. */
function uniqueNames(snapshots: readonly HealthSnapshot[]): readonly string[] {
  const taken = new Map<string, number>();
  return snapshots.map(({ name }) => {
    const count = (taken.get(name) ?? 0) + 1;
    taken.set(name, count);
    return count === 1 ? name : `${name}#${count}`;
  });
}
