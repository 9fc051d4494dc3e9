import { createRequire } from "node:module";
import type * as OpenTelemetry from "@opentelemetry/api";
import type { Histogram, Meter, Observable } from "@opentelemetry/api";
import { DURATION_METRIC, METRIC_PREFIX, METRIC_TABLE, type Metric } from "../health/metric-table.js";
import type { HealthRecorder } from "../health/health-monitor.js";
import { PACKAGE_NAME, PACKAGE_VERSION } from "../package-info.js";
import { monitorsOf } from "./process-health.js";
import type { StateRegistry } from "./registry.js";

const UNITS: Readonly<Record<"seconds", string>> = { seconds: "s" };

/**
 * Where the API keeps what applications register with it (its internal/global-utils.ts, of all versions 1). Looked at
 * only to load nothing where nobody measures.
 */
const API_GLOBAL: unique symbol = Symbol.for("opentelemetry.js.api.1");

/**
 * Reports this credential to OpenTelemetry, as soon as the application has registered a meter provider. The API is the
 * application's own, and never needed.
 */
export function measure(health: HealthRecorder, registry: StateRegistry): void {
  const bind = (): void => void instrumentsOf(registry);
  for (const event of ["change", "gate", "attempt"] as const) health.on(event, bind);
  health.on("acquisition", ({ outcome, durationMs }) => {
    const credential = health.name;
    instrumentsOf(registry)?.record(durationMs / 1000, { credential, outcome });
  });
}

/** The histogram, made with all other instruments at the first call that finds a meter provider. */
function instrumentsOf(registry: StateRegistry): Histogram | undefined {
  // In the registry, since two copies of the package would count everything twice.
  if (registry.durations === undefined && API_GLOBAL in globalThis) {
    const meter = findMeter();
    if (meter !== undefined) registry.durations = createInstruments(meter, registry);
  }
  return registry.durations;
}

function findMeter(): Meter | undefined {
  try {
    const require: (name: string) => typeof OpenTelemetry = createRequire(import.meta.url);
    const api = require("@opentelemetry/api");
    const meter = api.metrics.getMeter(PACKAGE_NAME, PACKAGE_VERSION);
    // An instrument that is made before there is a provider stays without effect.
    return meter === api.createNoopMeter() ? undefined : meter;
  } catch {
    return undefined; // not where this package can find it
  }
}

function createInstruments(meter: Meter, registry: StateRegistry): Histogram {
  const observed = new Map<Observable, Metric>(
    METRIC_TABLE.map((metric) => {
      const options = { description: metric.help, ...unitOf(metric) };
      const name = `${METRIC_PREFIX}.${metric.name}`;
      return [
        metric.type === "counter"
          ? meter.createObservableCounter(name, options)
          : meter.createObservableGauge(name, options),
        metric,
      ];
    }),
  );
  meter.addBatchObservableCallback(
    (result) => {
      for (const monitor of monitorsOf(registry)) {
        const snapshot = monitor.snapshot();
        for (const [instrument, metric] of observed) {
          for (const { labels, value } of metric.read(snapshot)) {
            result.observe(instrument, value, { credential: snapshot.name, ...labels });
          }
        }
      }
    },
    [...observed.keys()],
  );
  return meter.createHistogram(`${METRIC_PREFIX}.${DURATION_METRIC.name}`, {
    description: DURATION_METRIC.help,
    ...unitOf(DURATION_METRIC),
    advice: { explicitBucketBoundaries: [...DURATION_METRIC.buckets] },
  });
}

const unitOf = ({ unit }: Pick<Metric, "unit">): { readonly unit?: string } =>
  unit === undefined ? {} : { unit: UNITS[unit] };
