import { HealthRecorder } from "../../src/health/health-monitor.js";
import type { ProbePolicy } from "../../src/health/health-report.js";
import type { HealthSnapshot } from "../../src/health/health-snapshot.js";
import type { HealthFacts, TokenFacts, TokenFailure } from "../../src/health/health.js";
import type { GateObservation } from "../../src/gate/gate.js";
import { ProbeEndpoint, type ProbeResponse } from "../../src/probes/probe-endpoint.js";
import type { ProbeOptions } from "../../src/probes/probe-options.js";
import { ManualClock } from "../../src/testing/manual-clock.js";

export const START: number = Date.UTC(2026, 0, 1);
export const POLICY: ProbePolicy = { livenessGraceMs: 30_000, readyWhileDegraded: false };

export const failure = (reason: string, message = `${reason} of 9c1a2f4e`): TokenFailure => ({
  reason,
  message,
  meaning: `What ${reason} means.`,
  remedy: `What to do about ${reason}.`,
});

export const GOOD_TOKEN: TokenFacts & { readonly usableUntil: number } = {
  name: "https://vault.azure.net",
  verified: true,
  usableUntil: START + 36_000_000,
};

/** A credential of which the test says what is known. */
export class Told {
  readonly clock: ManualClock;
  readonly health: HealthRecorder;
  facts: HealthFacts = { gate: "unknown", wanted: [], wantedAtStart: false, drained: false, closed: false };
  observation: GateObservation | undefined;
  readonly keys: HealthSnapshot["keys"][number][] = [];
  waiters = 0;

  constructor({
    clock = new ManualClock({ now: START }),
    name = "ManagedIdentityCredential",
    details = false,
    policy = POLICY,
  }: { clock?: ManualClock; name?: string; details?: boolean; policy?: ProbePolicy } = {}) {
    this.clock = clock;
    this.health = new HealthRecorder(
      {
        name,
        details,
        policy,
        gateName: "nmi",
        facts: (drained) => ({ ...this.facts, drained }),
        gate: () => this.observation,
        keys: () => this.keys,
        waiters: () => this.waiters,
      },
      clock,
    );
  }

  /** From now on these facts hold. */
  says(change: Partial<HealthFacts>): this {
    this.facts = { ...this.facts, ...change };
    this.health.update();
    return this;
  }

  open(): this {
    this.observation = { state: "open", reason: "active", observedAt: this.clock.now() };
    return this.says({ gate: "open", gateReason: "active" });
  }

  closed(detail = "no connection to http://10.240.0.4:8085/healthz: ECONNREFUSED"): this {
    const reason = "health-refused";
    this.observation = {
      state: "closed",
      reason,
      permanent: false,
      detail,
      remedy: "Look at the NMI pod.",
      observedAt: this.clock.now(),
    };
    return this.says({ gate: "closed", gateReason: reason });
  }
}

/** What an endpoint answers to a GET, or to what is given. */
export async function ask(
  endpoint: ProbeEndpoint,
  url: string,
  { method = "GET", accept }: { method?: string; accept?: string } = {},
): Promise<ProbeResponse | undefined> {
  return await endpoint.respond({ method, url, accept });
}

export function endpointOf(told: Told | readonly Told[], options: ProbeOptions = {}): ProbeEndpoint {
  const list = [told].flat();
  return new ProbeEndpoint(list, options, list[0]?.clock ?? new ManualClock({ now: START }));
}
