import type { AccessToken, TokenCredential } from "@azure/core-auth";
import { expect, onTestFinished, test } from "vitest";
import { serviceEnvironment, wantsColor } from "../../src/cli/demo-environment.js";
import type { ServiceEvent } from "../../src/cli/demo-events.js";
import { reportGuard } from "../../src/cli/demo-guard-events.js";
import { KEY_VAULT } from "../../src/cli/demo-script.js";
import { serve } from "../../src/cli/demo-service.js";
import { HealthRecorder } from "../../src/health/health-monitor.js";
import { ManualClock } from "../../src/testing/manual-clock.js";
import { unsignedToken } from "../guard/world.js";
import { POD } from "./demo-run.js";

async function served(
  getToken: TokenCredential["getToken"],
  forMs: number,
): Promise<{ events: ServiceEvent[]; running: Promise<void>; stop: AbortController }> {
  const clock = new ManualClock();
  const events: ServiceEvent[] = [];
  const stop = new AbortController();
  onTestFinished(() => stop.abort());
  const report = (event: ServiceEvent): void => void events.push(event);
  const ports = { who: "plain", clock, signal: stop.signal, report } as const;
  const running = serve({ getToken }, KEY_VAULT, ports);
  await clock.advance(forMs);
  return { events, running, stop };
}

const tokenOf = (token: string): AccessToken => ({
  token,
  expiresOnTimestamp: 2_000_000,
  refreshAfterTimestamp: 1_000_000,
});

test("reports whose token it got, and never the token", async () => {
  const token = unsignedToken(POD, 2_000_000);
  const { events } = await served(() => Promise.resolve(tokenOf(token)), 0);
  expect(events).toMatchObject([
    { type: "asked", resource: KEY_VAULT },
    { type: "token", resource: KEY_VAULT, objectId: POD, expiresOn: 2_000_000, refreshAfter: 1_000_000 },
  ]);
  expect(JSON.stringify(events)).not.toContain(token.split(".")[1]);
});

test("names no owner of a token that cannot be read", async () => {
  const { events } = await served(() => Promise.resolve(tokenOf("opaque")), 0);
  expect(events[1]).not.toHaveProperty("objectId");
  expect(events[1]).toMatchObject({ type: "token" });
});

test("asks for the scope of the resource once a second", async () => {
  const scopes: unknown[] = [];
  const { events } = await served((scope) => {
    scopes.push(scope);
    return Promise.resolve(null);
  }, 2_500);
  expect(scopes).toEqual(Array(3).fill("https://vault.azure.net/.default"));
  expect(events.filter(({ type }) => type === "asked")).toHaveLength(3);
});

test("reports an error by its code, without its text, and asks again", async () => {
  const secret = unsignedToken(POD, 0);
  const { events } = await served(
    () => Promise.reject(Object.assign(new Error(`refused: ${secret}`), { code: "ERR_GUARD_BYPASS" })),
    1_500,
  );
  const errors = events.filter(({ type }) => type === "error");
  expect(errors).toHaveLength(2);
  expect(errors[0]).toMatchObject({ code: "ERR_GUARD_BYPASS" });
  expect(JSON.stringify(events)).not.toContain(secret.slice(0, 20));
});

test("reports an error without a code by its name", async () => {
  const error = Object.assign(new Error("no"), { name: "CredentialUnavailableError" });
  const { events } = await served(() => Promise.reject(error), 0);
  expect(events[1]).toMatchObject({ type: "error", code: "CredentialUnavailableError" });
});

test("says nothing of an answer that the end of the run brought", async () => {
  const { events, running, stop } = await served(
    async (_scopes, options) =>
      await new Promise((_resolve, reject) => {
        (options?.abortSignal as AbortSignal).addEventListener("abort", () => reject(new Error("aborted")));
      }),
    0,
  );
  stop.abort();
  await running;
  expect(events).toMatchObject([{ type: "asked" }]);
});

test("passes on the guard's own events, identifiers only", () => {
  const clock = new ManualClock({ now: 7 });
  const source = {
    name: "one",
    details: false,
    gateName: undefined,
    facts: () => ({ gate: "open", wanted: [], wantedAtStart: false, drained: false, closed: false }) as const,
    gate: () => undefined,
    keys: () => [],
    waiters: () => 0,
    policy: { livenessGraceMs: "never", readyWhileDegraded: false },
  } as const;
  const health = new HealthRecorder(source, clock);
  const events: ServiceEvent[] = [];
  reportGuard(health, clock, (event) => events.push(event));
  const identity = { objectId: POD };
  const reason = "identity-mismatch";
  const attempt = {
    number: 2,
    startedAt: 5,
    endedAt: 6,
    outcome: "rejected",
    reason,
    provenance: "imds",
  } as const;
  health.update();
  health.record("gate", {
    observation: { state: "closed", reason: "not-active", permanent: false, observedAt: 7 },
  });
  health.record("attempt", { key: KEY_VAULT, ...attempt });
  health.record("rejected", { key: KEY_VAULT, reason, saw: identity, expected: {} });
  health.record("token", { key: KEY_VAULT, source: "acquired", identity, expiresOn: 9, refreshAfter: 8 });
  const who = "guarded";
  const resource = KEY_VAULT;
  expect(events).toMatchObject([
    { who, type: "health", at: 7, from: "starting", to: "ready" },
    { who, type: "gate", at: 7, state: "closed", reason: "not-active" },
    { who, type: "attempt", at: 6, resource, number: 2, outcome: "rejected", reason, provenance: "imds" },
    { who, type: "rejected", at: 7, resource, reason, objectId: POD },
    { who, type: "verified", at: 7, resource, objectId: POD },
  ]);
});

test.each([
  "AZURE_CLIENT_ID",
  "AZURE_IDENTITY_GUARD_GATE",
  "IDENTITY_ENDPOINT",
  "MSI_ENDPOINT",
  "HOST_IP",
  "KUBERNETES_SERVICE_HOST",
  "HTTP_PROXY",
  "http_proxy",
  "NODE_OPTIONS",
])("keeps %s of the machine from the services", (name) => {
  expect(serviceEnvironment({ [name]: "x", PATH: "/bin" }, {})).not.toHaveProperty(name);
});

test("gives the services the rest of the environment, their own variables, and no developer's login", () => {
  const environment = serviceEnvironment({ PATH: "/bin", AZURE_TOKEN_CREDENTIALS: "dev" }, { AZURE_X: "1" });
  expect(environment).toEqual({ PATH: "/bin", AZURE_X: "1", AZURE_TOKEN_CREDENTIALS: "prod" });
});

test.each([
  [{}, true, true],
  [{}, false, false],
  [{ NO_COLOR: "1" }, true, false],
  [{ NO_COLOR: "" }, true, true],
  [{ TERM: "dumb" }, true, false],
  [{ FORCE_COLOR: "1" }, false, true],
  [{ FORCE_COLOR: "" }, false, true],
  [{ FORCE_COLOR: "0" }, true, false],
  [{ FORCE_COLOR: "1", NO_COLOR: "1" }, false, true],
])("with %j and a terminal: %s, colours are written: %s", (environment, isTerminal, colors) => {
  expect(wantsColor(environment, isTerminal)).toBe(colors);
});
