import fc from "fast-check";
import { expect, test } from "vitest";
import { createGateRegistry, watchGate } from "../../src/gate/gate-watcher.js";
import { createNmiGate } from "../../src/gate/nmi-gate.js";
import { createNmiOrProxyGate } from "../../src/gate/nmi-or-proxy-gate.js";
import { createProxyGate } from "../../src/gate/proxy-gate.js";
import type { HttpProbe } from "../../src/gate/route-probe.js";
import { ManualClock } from "../../src/testing/manual-clock.js";

const HEALTH = "http://10.240.0.4:8085/healthz";
const METADATA = "http://169.254.169.254";
const SERVERS = [
  undefined,
  "IMDS/150.870.65.1854",
  "azure-workload-identity/proxy/v1.6.0 (linux/amd64) x/y",
  "istio-envoy",
];

interface Answer {
  readonly afterMs: number;
  readonly body: string;
  readonly server: string | undefined;
}

const answer: fc.Arbitrary<Answer> = fc.record({
  afterMs: fc.oneof(fc.constant(0), fc.double({ min: 0, max: 1500, noNaN: true })),
  body: fc.constantFrom("Active", "Not Active", "ok"),
  server: fc.constantFrom(...SERVERS),
});

const step = fc.record({
  ms: fc.double({ min: 0, max: 3000, noNaN: true }),
  /** Who asks for an observation then, not older than 1 s. */
  user: fc.option(fc.nat(2), { nil: undefined }),
});

test("whatever gates a process has, each URL is asked at most once a second where nothing must be fresh", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { minLength: 1, maxLength: 20 }),
      fc.infiniteStream(answer),
      fc.array(fc.double({ min: 0, max: 2000, noNaN: true }), { minLength: 3, maxLength: 3 }),
      async (steps, answers, offsets) => {
        const clock = new ManualClock();
        const asked = new Map<string, number[]>();
        const nextAnswer = (): Answer => {
          const next: IteratorResult<Answer, unknown> = answers.next();
          return next.done === true ? { afterMs: 0, body: "", server: undefined } : next.value;
        };
        const probe: HttpProbe = async (url, { signal }) => {
          asked.set(url, [...(asked.get(url) ?? []), clock.elapsed()]);
          const { afterMs, body, server } = nextAnswer();
          if (afterMs > 0) await clock.sleep(afterMs, signal);
          return { status: url.startsWith(METADATA) ? 400 : 200, server, body };
        };
        const ports = { clock, random: () => 0.3, registry: createGateRegistry() };
        const where = { url: HEALTH, metadataUrl: METADATA };
        const gates = [
          createNmiGate(where, { clock, probe }),
          createNmiOrProxyGate({ ...where, proxyPort: 8000 }, { clock, probe }),
          createProxyGate({ port: 8000, metadataUrl: METADATA }, { clock, probe }),
        ];
        const watches = [];
        for (const [index, gate] of gates.entries()) {
          watches.push(watchGate(gate, { pollIntervalMs: 1000 }, ports));
          await clock.advance(offsets[index] ?? 0);
        }
        for (const { ms, user } of steps) {
          const watch = user === undefined ? undefined : watches[user];
          watch?.observe(new AbortController().signal).catch(() => undefined); // closed at the end
          await clock.advance(ms);
        }
        for (const watch of watches) watch.close();
        for (const [url, times] of asked) {
          const gaps = times.slice(1).map((at, index) => at - (times[index] ?? 0));
          expect(Math.min(...gaps, 1000), url).toBeGreaterThanOrEqual(999.999);
        }
        await clock.advance(0);
        expect(clock.pending).toBe(0);
      },
    ),
    { numRuns: 150 },
  );
});
