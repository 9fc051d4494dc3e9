import parsePrometheus from "parse-prometheus-text-format";
import { describe, expect, it } from "vitest";
import { METRIC_TABLE } from "../../src/health/metric-table.js";
import { metricsText, renderMetrics } from "../../src/probes/metrics.js";
import { START, Told } from "./endpoint.js";

interface Family {
  readonly name: string;
  readonly help: string;
  readonly type: "COUNTER" | "GAUGE" | "HISTOGRAM";
  readonly metrics: readonly {
    readonly value?: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly buckets?: Readonly<Record<string, string>>;
    readonly sum?: string;
    readonly count?: string;
  }[];
}

/** As a scraper reads it. */
const parsed = (text: string): readonly Family[] => parsePrometheus(text) as readonly Family[];
const family = (text: string, name: string): Family["metrics"] =>
  parsed(text).find((each) => each.name === `azure_identity_guard_${name}`)?.metrics ?? [];

/** A credential that has been through something. */
function busy(details = false): Told {
  const told = new Told({ details }).open();
  const { counters } = told.health;
  counters.attempt({ outcome: "failed", reason: "throttled", number: 1 });
  counters.attempt({ outcome: "rejected", reason: "identity-mismatch", number: 2 });
  counters.attempt({ outcome: "token", number: 3 });
  counters.rejected("identity-mismatch");
  counters.acquisition("token", 7_300);
  counters.acquisition("failed", 80_000);
  counters.acquisition("token", 40);
  counters.cacheHits += 12;
  told.waiters = 3;
  const keys = [
    ["https://vault.azure.net", 3_600_000],
    ["api://9c1a2f4e-1f9d-4a6e-8a25-6b6c5a0e7d11", 1_800_000],
    ["https://orders.example.com", 900_000],
  ] as const;
  for (const [key, lifeMs] of keys) told.keys.push({ key, scopes: [key], expiresOn: START + lifeMs });
  return told;
}

const text = (told: Told): string => metricsText([told.health.snapshot()]);

describe("the metrics", () => {
  it("are what a parser of Prometheus' format reads, each number with its labels", () => {
    const shown = text(busy());
    expect(family(shown, "attempts_total")).toEqual([
      {
        value: "1",
        labels: { credential: "ManagedIdentityCredential", outcome: "failed", reason: "throttled" },
      },
      {
        value: "1",
        labels: { credential: "ManagedIdentityCredential", outcome: "rejected", reason: "identity-mismatch" },
      },
      { value: "1", labels: { credential: "ManagedIdentityCredential", outcome: "token", reason: "none" } },
    ]);
    const single = (name: string): string | undefined => family(shown, name)[0]?.value;
    expect(single("retries_total")).toBe("2");
    expect(single("rejected_tokens_total")).toBe("1");
    expect(single("cache_hits_total")).toBe("12");
    expect(single("waiters")).toBe("3");
    expect(single("gate_open")).toBe("1");
    expect(single("state_change_timestamp_seconds")).toBe(String(START / 1000));
    expect(family(shown, "gate_reason")[0]?.labels).toMatchObject({ reason: "active" });
    expect(family(shown, "state").filter(({ value }) => value === "1")).toMatchObject([
      { labels: { state: "ready" } },
    ]);
    expect(family(shown, "build_info")).toMatchObject([{ value: "1" }]);
  });

  it("have a histogram of cumulative buckets", () => {
    const told = new Told().open();
    for (const ms of [40, 7_300, 300_000]) told.health.counters.acquisition("token", ms);
    const [token] = family(text(told), "acquisition_duration_seconds");
    expect(token).toMatchObject({
      buckets: { "0.05": "1", "5": "1", "10": "2", "160": "2", "+Inf": "3" },
    });
    // The parser above mixes up the series of a histogram that has labels.
    const both = text(busy());
    const name = "azure_identity_guard_acquisition_duration_seconds";
    const of = (outcome: string): string => `credential="ManagedIdentityCredential",outcome="${outcome}"`;
    for (const line of [
      `${name}_bucket{${of("token")},le="5"} 1`,
      `${name}_bucket{${of("token")},le="+Inf"} 2`,
      `${name}_sum{${of("token")}} 7.34`,
      `${name}_count{${of("token")}} 2`,
      `${name}_bucket{${of("failed")},le="40"} 0`,
      `${name}_bucket{${of("failed")},le="80"} 1`,
      `${name}_sum{${of("failed")}} 80`,
    ]) {
      expect(both.split("\n")).toContain(line);
    }
  });

  it("follow the conventions of names, types and units", () => {
    const shown = text(busy());
    const families = parsed(shown);
    expect(new Set(families.map(({ name }) => name)).size).toBe(families.length);
    for (const { name, type, help } of families) {
      expect(name).toMatch(/^azure_identity_guard_[a-z]+(_[a-z]+)*$/u);
      expect(name.endsWith("_total")).toBe(type === "COUNTER");
      expect(name).not.toMatch(/_(ms|milliseconds|count|sum|bucket)$/u);
      expect(help).toMatch(/\S\.$/u);
    }
    for (const line of shown.trimEnd().split("\n")) {
      expect(line).toMatch(
        /^(# (HELP|TYPE) \S+ .+|[a-z_]+(\{[a-z]+="[^"\n]*"(,[a-z]+="[^"\n]*")*\})? \S+)$/u,
      );
    }
    expect(shown.endsWith("\n")).toBe(true);
  });

  it("name resources of Azure, and put all others together unless details are on", () => {
    const expiries = (details: boolean): Record<string, number> =>
      Object.fromEntries(
        family(text(busy(details)), "token_expiry_timestamp_seconds").map(({ labels, value }) => [
          labels?.["resource"] ?? "",
          Number(value) - START / 1000,
        ]),
      );
    expect(expiries(false)).toEqual({ "vault.azure.net": 3_600, other: 900 });
    expect(expiries(true)).toEqual({
      "https://vault.azure.net": 3_600,
      "api://9c1a2f4e-1f9d-4a6e-8a25-6b6c5a0e7d11": 1_800,
      "https://orders.example.com": 900,
    });
  });

  it("have bounded labels, however many resources there are and whatever a gate says", () => {
    const told = new Told({ details: true }).open();
    for (let n = 0; n < 500; n++) told.keys.push({ key: `api://${n}`, scopes: [], expiresOn: START + n });
    told.observation = { state: "open", reason: `custom:${"x".repeat(900)}\n`, observedAt: START };
    const shown = text(told);
    expect(family(shown, "token_expiry_timestamp_seconds").length).toBeLessThanOrEqual(51);
    expect(family(shown, "gate_reason").map(({ labels }) => labels?.["reason"])).toEqual(["custom"]);
    const many = Array.from({ length: 300 }, () => told.health.snapshot());
    expect(family(metricsText(many), "waiters")).toHaveLength(100);
  });

  it("keep series apart that share a name, and escape names", () => {
    const name = 'a "quoted\\ name';
    const twins = [new Told({ name }), new Told({ name })].map(({ health }) => health);
    const shown = renderMetrics(twins);
    expect(shown).toContain('azure_identity_guard_waiters{credential="a \\"quoted\\\\ name"} 0\n');
    expect(shown).toContain('azure_identity_guard_waiters{credential="a \\"quoted\\\\ name#2"} 0\n');
    expect(parsed(shown).find(({ name: each }) => each.endsWith("waiters"))?.metrics).toHaveLength(2);
  });

  it("are there where nobody has a guarded credential", () => {
    expect(parsed(metricsText([])).map(({ name }) => name)).toEqual(["azure_identity_guard_build_info"]);
  });

  it("have the labels that the table says", () => {
    for (const metric of METRIC_TABLE) {
      for (const { labels } of metric.read(busy().health.snapshot())) {
        expect(Object.keys(labels)).toEqual(metric.labels);
      }
    }
  });

  it("cover what is promised, in one table", () => {
    expect(METRIC_TABLE.map(({ name }) => name)).toEqual([
      "state",
      "state_change_timestamp",
      "gate_open",
      "gate_reason",
      "attempts",
      "retries",
      "rejected_tokens",
      "cache_hits",
      "token_expiry_timestamp",
      "waiters",
    ]);
  });
});
