import { describe, expect, test } from "vitest";
import type { GateReason } from "../../../src/gate/gate.js";
import { changesBetween } from "../../../src/probes/status-page/page-view.js";
import { sectionOf, viewOf, wordsOf } from "./page-text.js";
import { ago, CLOSED, failedKey, heldKey, MINUTE, NOW, OPEN, snapshot } from "./snapshots.js";

describe("the headline", () => {
  test.each([
    ["ready", "good", "Ready"],
    ["degraded", "warn", "Degraded: nothing listens on NMI's health port"],
    ["failing", "bad", "Failing: the token was another identity's"],
    ["starting", "bad", "Starting: nothing listens on NMI's health port"],
    ["drained", "idle", "Shutting down"],
    ["closed", "idle", "Closed"],
  ] as const)("says of %s, in %s: %s", (state, tone, words) => {
    const view = viewOf([snapshot(state)]);
    expect(sectionOf(view, "headline")).toContain(`class="headline ${tone}"`);
    expect(wordsOf(view, "headline")).toMatch(new RegExp(`^${words}( |$)`, "u"));
  });

  test("is not red for a start that nothing is in the way of", () => {
    const start = snapshot("starting", { gate: OPEN });
    expect(sectionOf(viewOf([start]), "headline")).toContain('class="headline wait"');
    expect(wordsOf(viewOf([start]), "headline")).toContain("Starting: waiting for the first token");
  });

  test("says what is in the way of a start while attempts go on, which a warm-up never gives up", () => {
    const key = failedKey({
      reason: "assignment-pending",
      message: "404",
      meaning: "NMI waits for the identity to reach this node.",
      remedy: "Wait.",
    });
    const view = viewOf([snapshot("starting", { gate: OPEN, keys: [key] })]);
    expect(sectionOf(view, "headline")).toContain('class="headline bad"');
    expect(wordsOf(view, "headline")).toContain("Starting: the identity has not reached this node yet");
    expect(wordsOf(view, "credential-1")).toContain(
      "No token for vault.azure.net. NMI waits for the identity to reach this node.",
    );
    const over = viewOf([snapshot("starting", { gate: OPEN, keys: [heldKey()] })]);
    expect(wordsOf(over, "headline")).toContain("waiting for the first token");
  });

  test("says that the gate has not been looked at", () => {
    const { gate: _, ...rest } = snapshot("starting");
    expect(wordsOf(viewOf([rest]), "headline")).toContain("Starting: the gate is being looked at");
  });

  test("is that of the worst credential, and says how many are like it", () => {
    const view = viewOf([
      snapshot("ready"),
      snapshot("failing", { name: "b" }),
      snapshot("failing", { name: "c" }),
    ]);
    expect(wordsOf(view, "headline")).toContain(
      "Failing: the token was another identity's (2 of 3 credentials)",
    );
  });

  test("leads to each of several credentials", () => {
    const view = viewOf([snapshot("ready", { name: "orders" }), snapshot("failing", { name: "billing" })]);
    expect(sectionOf(view, "headline")).toContain('href="#credential-2"');
    expect(wordsOf(view, "headline")).toContain("orders: Ready billing: Failing");
    expect([...view.sections.keys()]).toEqual(["headline", "credential-1", "credential-2", "probes"]);
  });

  test.each([
    [{ startup: true, ready: true, live: true }, "All probes pass"],
    [{ startup: true, ready: false, live: true }, "sends no new work here, and restarts nothing"],
    [{ startup: false, ready: false, live: true }, "Kubernetes waits"],
    [{ startup: true, ready: false, live: false }, "restarts the container"],
  ])("says what Kubernetes makes of %j", (probes, words) => {
    expect(wordsOf(viewOf([snapshot("ready", { probes })]), "headline")).toContain(words);
  });

  test("says what to do where there is no credential", () => {
    const words = wordsOf(viewOf([]), "headline");
    expect(words).toContain("No credential: nothing is guarded in this process yet");
    expect(words).toContain("HOST_IP");
    expect(words).toContain("AZURE_IDENTITY_GUARD_EXPECTED_OBJECT_ID");
  });

  test("says that a process without credentials was drained", () => {
    expect(wordsOf(viewOf([], { drained: true }), "headline")).toContain("Shutting down");
  });

  test("gives the title and the icon of the tab", () => {
    expect(viewOf([snapshot("failing")]).title).toBe("Failing · azure-identity-guard");
    expect(viewOf([snapshot("failing")]).icon).toMatch(/^data:image\/svg\+xml,/u);
    expect(viewOf([snapshot("failing")]).icon).not.toBe(viewOf([snapshot("ready")]).icon);
  });
});

describe("a credential", () => {
  test("shows name, state, since when, probes, gate and token", () => {
    const words = wordsOf(viewOf([snapshot("ready")]), "credential-1");
    expect(words).toContain("orders Ready since 12:27:00 UTC, 3 min ago");
    expect(words).toContain("Every token that is wanted is in hand.");
    expect(words).toContain("Startup passes Ready passes Live passes");
    expect(words).toContain("nmi is open active");
    expect(words).toContain("vault.azure.net in 1 h 30 min 14:00:00 UTC");
  });

  test("says what to do while the gate is closed, and that waiting does not help where it does not", () => {
    const bad = snapshot("failing", { gate: { ...CLOSED, permanent: true } as typeof CLOSED });
    const words = wordsOf(viewOf([bad]), "credential-1");
    expect(words).toContain("Nothing listens on NMI's health port on this node. Waiting does not help");
    expect(words).toContain("What to do Look at the NMI pod on this node.");
  });

  test("has advice for a gate that gives none", () => {
    const { remedy: _, ...gate } = CLOSED as typeof CLOSED & { remedy?: string };
    expect(wordsOf(viewOf([snapshot("failing", { gate })]), "credential-1")).toContain("What to do Wait;");
  });

  test("says why no token came, and what to do", () => {
    const words = wordsOf(viewOf([snapshot("failing")]), "credential-1");
    expect(words).toContain(
      "No token for vault.azure.net. The token belongs to another identity than expected.",
    );
    expect(words).toContain("What to do Compare the expected ids with the identity.");
    expect(words).toContain("Last request: the token was another identity's. ");
  });

  test("tells a token that has run out from one that never came", () => {
    const bad = snapshot("failing", { keys: [heldKey({ expiresOn: NOW - 1 })], checks: [] });
    const words = wordsOf(viewOf([bad]), "credential-1");
    expect(words).toContain("The token in hand has run out");
    expect(words).toContain("vault.azure.net expired");
  });

  test("quotes the code of a gate of the application's own", () => {
    const gate = { ...OPEN, reason: "custom:mesh-ready" } as const;
    expect(wordsOf(viewOf([snapshot("ready", { gate })]), "credential-1")).toContain(
      "The application's own gate is open and says “custom:mesh-ready”.",
    );
  });

  test.each([
    "not-active",
    "health-unreachable",
    "health-timeout",
    "health-unexpected",
    "route-bypassed",
    "route-proxied",
    "route-unreachable",
    "gate-error",
  ] satisfies readonly GateReason[])("has words of its own for the gate's %s", (reason) => {
    const words = wordsOf(
      viewOf([snapshot("failing", { gate: { ...CLOSED, reason } as typeof CLOSED })]),
      "credential-1",
    );
    expect(words).not.toContain("The application's own gate");
  });

  test("has no gate where none guards it", () => {
    const { gate: _, gateName: __, ...rest } = snapshot("ready");
    const words = wordsOf(viewOf([{ ...rest, keys: [] }]), "credential-1");
    expect(words).toContain("No gate guards this credential. No token has been asked for yet.");
    expect(words).toContain("Gate none");
  });

  test("that is ready and failed to refresh says so before it is too late", () => {
    const well = snapshot("ready", { keys: [{ ...heldKey(), ...failedKey() }] });
    expect(wordsOf(viewOf([well]), "credential-1")).toContain(
      "Before the token runs out The last request for vault.azure.net failed.",
    );
  });

  test("tells of the last token that was refused", () => {
    const bad = snapshot("failing", { history: [ago.rejected(30_000, "bypass"), ago.rejected(20_000)] });
    expect(wordsOf(viewOf([bad]), "credential-1")).toContain(
      "Token refused at 12:29:40 UTC, 20 s ago: a token for vault.azure.net came, and it is another identity's. No caller has seen it.",
    );
  });

  test("counts its waiting callers", () => {
    expect(wordsOf(viewOf([snapshot("failing", { waiters: 3 })]), "credential-1")).toContain(
      "Callers waiting 3",
    );
  });

  test("shows 20 tokens, and says how many are left out", () => {
    const keys = Array.from({ length: 23 }, () => heldKey());
    expect(wordsOf(viewOf([snapshot("ready", { keys })]), "credential-1")).toContain("3 more are not shown.");
  });
});

describe("many credentials", () => {
  const all = Array.from({ length: 53 }, (_, index) => snapshot("ready", { name: `c${index}` }));

  test("are shown up to 50, and the rest is counted", () => {
    const view = viewOf(all);
    expect(view.sections.has("credential-50")).toBe(true);
    expect(view.sections.has("credential-51")).toBe(false);
    expect(wordsOf(view, "more")).toBe("3 more credentials are not shown.");
  });

  test("decide the headline all the same", () => {
    expect(wordsOf(viewOf([...all, snapshot("failing")]), "headline")).toContain("(1 of 54 credentials)");
  });
});

describe("the announcement", () => {
  test("names states only, so that it changes with them alone", () => {
    const at = (now: number): string =>
      viewOf([snapshot("ready"), snapshot("failing", { name: "b", history: [ago.rejected(1000)] })], { now })
        .announcement;
    expect(at(NOW)).toBe("1 of 2 credentials ready. b: Failing.");
    expect(at(NOW + 30 * MINUTE)).toBe(at(NOW));
  });

  test("names five at most", () => {
    const bad = Array.from({ length: 9 }, (_, index) => snapshot("failing", { name: `c${index}` }));
    expect(viewOf(bad).announcement).toMatch(/c4: Failing\.$/u);
  });
});

describe("the probe answers", () => {
  const spell = (passed: boolean, until = NOW - 1000): Parameters<typeof viewOf>[1] => {
    return { spells: [{ probe: "ready", passed, from: NOW - 5 * MINUTE, until }] };
  };

  test("are a lane for each probe", () => {
    const words = wordsOf(viewOf([snapshot("ready")], spell(true)), "probes");
    expect(words).toContain("Startup not asked");
    expect(words).toContain("Ready pass");
  });

  test("say that nobody asks", () => {
    expect(wordsOf(viewOf([snapshot("ready")]), "probes")).toContain("Nobody has asked for ten minutes.");
  });

  test("name the application's own checks where no credential explains a failure", () => {
    const words = (over: Parameters<typeof viewOf>[1]): string =>
      wordsOf(viewOf([snapshot("ready")], over), "probes");
    expect(words(spell(false))).toContain(
      "a check of the application's own fails. /readyz?verbose says which.",
    );
    expect(words(spell(true))).not.toContain("/readyz");
    expect(words(spell(false, NOW - 2 * MINUTE))).not.toContain("/readyz");
  });
});

describe("changes", () => {
  const ready = viewOf([snapshot("ready")]);

  test("from nothing are everything", () => {
    expect(Object.keys(changesBetween(undefined, ready)?.sections ?? {})).toEqual([
      "headline",
      "credential-1",
      "probes",
    ]);
  });

  test("between two alike are none", () => {
    expect(changesBetween(ready, viewOf([snapshot("ready")]))).toBeUndefined();
  });

  test("hold the sections that differ, and the order of all", () => {
    const changes = changesBetween(ready, viewOf([snapshot("ready", { waiters: 1 })]));
    expect(Object.keys(changes?.sections ?? {})).toEqual(["credential-1"]);
    expect(changes?.order).toEqual(["headline", "credential-1", "probes"]);
  });

  test("tell of a credential that is gone", () => {
    const two = viewOf([snapshot("ready"), snapshot("ready")]);
    expect(changesBetween(two, ready)?.order).toEqual(["headline", "credential-1", "probes"]);
  });
});
