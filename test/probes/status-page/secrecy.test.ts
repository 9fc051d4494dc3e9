import { describe, expect, test } from "vitest";
import type { GuardEvent } from "../../../src/health/guard-events.js";
import type { HealthSnapshot } from "../../../src/health/health-snapshot.js";
import type { HealthState } from "../../../src/health/health.js";
import { pageDocument } from "../../../src/probes/status-page/page-document.js";
import { viewOf } from "./page-text.js";
import { NOW, snapshot } from "./snapshots.js";

const HOSTILE = `"><script>alert('x')</script>`;

/** A snapshot with a marker in every text that it holds. `SECRET-` markers identify somebody, `PUBLIC-` ones nobody. */
function marked(details: boolean, state: HealthState, gateState: "open" | "closed"): HealthSnapshot {
  const identity = {
    objectId: "SECRET-oid",
    clientId: "SECRET-client",
    tenantId: "SECRET-tenant",
    resourceId: "SECRET-resource-id",
    audience: ["SECRET-audience"],
  };
  const gate =
    gateState === "open"
      ? ({ state: "open", reason: "active", detail: "SECRET-gate-detail", observedAt: NOW } as const)
      : ({
          state: "closed",
          reason: "custom:PUBLIC-code",
          permanent: false,
          remedy: "PUBLIC-remedy",
          detail: "SECRET-gate-detail",
          observedAt: NOW,
        } as const);
  const key = "api://SECRET-application";
  const lastFailure = {
    reason: "identity-mismatch",
    message: "SECRET-message",
    meaning: "PUBLIC-meaning.",
    remedy: "PUBLIC-advice.",
  };
  const at = NOW - 1000;
  const history: readonly GuardEvent[] = [
    { type: "change", at, from: "starting", to: state, reason: "SECRET-change" },
    { type: "gate", at, observation: gate },
    {
      type: "attempt",
      at,
      key,
      number: 1,
      startedAt: at,
      endedAt: at,
      outcome: "failed",
      reason: "throttled",
    },
    {
      type: "token",
      at,
      key,
      source: "acquired",
      identity,
      previousIdentity: { objectId: "SECRET-previous" },
      expiresOn: NOW + 1,
      refreshAfter: NOW,
    },
    {
      type: "rejected",
      at,
      key,
      reason: "bypass",
      saw: { objectId: "SECRET-saw" },
      expected: { objectId: ["SECRET-expected"] },
    },
    { type: "acquisition", at, key, outcome: "failed", durationMs: 1, attempts: 1 },
  ];
  return snapshot(state, {
    details,
    gate,
    history,
    reason: "SECRET-reason",
    keys: [
      { key, scopes: ["SECRET-scope"], identity, expiresOn: NOW + 1 },
      { key, scopes: [], lastFailure, lastError: "SECRET-error" },
    ],
  });
}

const pageOf = (...snapshots: readonly HealthSnapshot[]): string => {
  const view = viewOf(snapshots);
  return pageDocument(view) + JSON.stringify({ ...view, sections: [...view.sections] });
};

const STATES: readonly HealthState[] = ["starting", "ready", "degraded", "failing", "drained", "closed"];
const all = STATES.flatMap((state) => [
  { state, gate: "open" as const },
  { state, gate: "closed" as const },
]);

describe("without details", () => {
  test.each(all)("a page of $state with its gate $gate names nobody", ({ state, gate }) => {
    const page = pageOf(marked(false, state, gate));
    expect(page.match(/SECRET-[\w-]+/gu)).toBeNull();
    expect(page).toContain("another resource");
  });

  test("codes, meanings and advice are shown", () => {
    const page = pageOf(marked(false, "failing", "closed"), marked(false, "failing", "open"));
    for (const part of ["custom:PUBLIC-code", "PUBLIC-remedy", "PUBLIC-meaning", "PUBLIC-advice"]) {
      expect(page).toContain(part);
    }
  });

  test("one credential with details does not open the others", () => {
    const page = pageOf(snapshot("ready", { details: true }), marked(false, "failing", "closed"));
    expect(page).not.toContain("SECRET-");
  });
});

describe("with details", () => {
  const page = pageOf(marked(true, "failing", "closed"), marked(true, "failing", "open"));

  test.each([
    "SECRET-oid",
    "SECRET-client",
    "SECRET-resource-id",
    "SECRET-gate-detail",
    "SECRET-message",
    "SECRET-saw",
    "SECRET-expected",
    "SECRET-previous",
    "SECRET-change",
    "api://SECRET-application",
  ])("shows %s", (marker) => {
    expect(page).toContain(marker);
  });
});

describe("text that would be markup", () => {
  const hostile = (details: boolean): HealthSnapshot => {
    const quoted = JSON.stringify(marked(details, "failing", "closed"));
    // Every text of the snapshot, names and codes included, but those that the types fix.
    const text = quoted.replace(/(SECRET|PUBLIC)-/gu, `$1-${JSON.stringify(HOSTILE).slice(1, -1)}`);
    return { ...(JSON.parse(text) as HealthSnapshot), name: HOSTILE, gateName: HOSTILE };
  };

  test.each([true, false])("stays text (details: %s)", (details) => {
    const view = viewOf([hostile(details), hostile(details)]);
    const html = pageDocument(view) + [...view.sections.values()].join("");
    expect(html).toContain("&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;");
    expect(html).not.toContain("<script>alert");
    // The page's own script is the only one.
    expect(html.match(/<script/gu)).toHaveLength(1);
  });

  test("of any length cannot fill the page", () => {
    const long = "x".repeat(1_000_000);
    const gate = { ...marked(true, "failing", "closed").gate, detail: long } as HealthSnapshot["gate"] &
      object;
    const page = pageOf(snapshot("failing", { name: long, gate, gateName: long, details: true }));
    expect(page.length).toBeLessThan(120_000);
  });
});
