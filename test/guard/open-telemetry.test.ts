import { metrics } from "@opentelemetry/api";
import {
  AggregationTemporality,
  DataPointType,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from "@opentelemetry/sdk-metrics";
import { afterEach, describe, expect, it } from "vitest";
import { monitorsOf } from "../../src/guard/process-health.js";
import { metricsText } from "../../src/probes/metrics.js";
import { RIGHT, SCOPE, tokenAnswer, World, WRONG } from "./world.js";

/** The application's own OpenTelemetry, reading into memory. */
function register(): { read(): Promise<ReadonlyMap<string, number>> } {
  const exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
  // Never by itself: a test asks.
  const reader = new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 2 ** 30 });
  metrics.setGlobalMeterProvider(new MeterProvider({ readers: [reader] }));
  return {
    async read() {
      exporter.reset();
      await reader.forceFlush();
      const found = exporter
        .getMetrics()
        .flatMap(({ scopeMetrics }) => scopeMetrics.flatMap((scope) => scope.metrics));
      return new Map(
        found.flatMap(({ descriptor: { name, unit }, dataPoints, dataPointType }) =>
          dataPoints.flatMap(({ attributes, value }): [string, number][] => {
            const labels = Object.entries(attributes).map(([key, text]) => `${key}="${String(text)}"`);
            const series = (suffix: string, more: readonly string[] = []): string =>
              `${nameOf(name, unit, dataPointType === DataPointType.SUM)}${suffix}{${[...labels, ...more].join(",")}}`;
            if (typeof value === "number") return [[series(""), value]];
            if (!("buckets" in value) || !("counts" in value.buckets))
              throw new Error("an unexpected histogram");
            let sum = 0;
            const { boundaries, counts } = value.buckets;
            const buckets = counts.map((count, index): [string, number] => {
              sum += count;
              return [series("_bucket", [`le="${boundaries[index] ?? "+Inf"}"`]), sum];
            });
            return [...buckets, [series("_sum"), value.sum ?? NaN], [series("_count"), value.count]];
          }),
        ),
      );
    },
  };
}

/** As OpenTelemetry's own exporter for Prometheus makes a name of one (specification, compatibility with Prometheus). */
function nameOf(name: string, unit: string, isSum: boolean): string {
  return [name.replaceAll(".", "_"), ...(unit === "s" ? ["seconds"] : []), ...(isSum ? ["total"] : [])].join(
    "_",
  );
}

/** What Prometheus reads, by series. */
function scraped(world: World): ReadonlyMap<string, number> {
  const text = metricsText(monitorsOf(world.ports.registry).map((monitor) => monitor.snapshot()));
  const lines = text
    .split("\n")
    .filter((line) => line !== "" && !line.startsWith("#") && !line.includes("build_info"));
  return new Map(
    lines.map((line) => [line.slice(0, line.lastIndexOf(" ")), Number(line.slice(line.lastIndexOf(" ")))]),
  );
}

/** A wrong token, then a right one, twice over, with cache hits and a caller who waits. */
async function live(world: World): Promise<void> {
  world.token = (n) => tokenAnswer(world.clock.now(), n % 2 === 1 ? { oid: WRONG } : {});
  const credential = world.credential({ expect: { objectId: RIGHT } });
  for (const scope of [SCOPE, "https://storage.azure.com/.default", SCOPE, SCOPE]) {
    const call = credential.getToken(scope);
    await world.clock.advance(20_000);
    await call;
  }
  world.token = async () => await new Promise(() => undefined);
  credential.getToken("https://management.azure.com/.default").catch(() => undefined);
  await world.clock.advance(1_000);
}

afterEach(() => metrics.disable());

describe("OpenTelemetry", () => {
  it("sees the numbers that Prometheus sees", async () => {
    const telemetry = register();
    const world = new World();
    await live(world);
    const expected = scraped(world);
    expect([...expected.keys()].length).toBeGreaterThan(25);
    expect(Object.fromEntries(await telemetry.read())).toEqual(Object.fromEntries(expected));
  });

  it("that is set up late still gets the counts, all but the durations from before", async () => {
    const world = new World();
    await live(world);
    const telemetry = register();
    await world.clock.advance(20_000);
    const seen = await telemetry.read();
    const expected = [...scraped(world)].filter(([series]) => !series.includes("duration"));
    expect(Object.fromEntries([...seen].filter(([series]) => !series.includes("duration")))).toEqual(
      Object.fromEntries(expected),
    );
  });

  it("is not asked for anything where the application measures nothing", async () => {
    const world = new World();
    await live(world);
    expect(world.ports.registry.durations).toBeUndefined();
  });

  it("counts once where two credentials and two copies of the package share the registry", async () => {
    const telemetry = register();
    const world = new World();
    await live(world);
    const before = world.ports.registry.durations;
    const other = world.credential({}, undefined, { clientId: "other" });
    const call = other.getToken(SCOPE).catch(() => undefined);
    await world.clock.advance(1_000);
    expect(world.ports.registry.durations).toBe(before);
    expect(
      (await telemetry.read()).get('azure_identity_guard_waiters{credential="ManagedIdentityCredential-2"}'),
    ).toBe(1);
    await other.close();
    await call;
  });
});
