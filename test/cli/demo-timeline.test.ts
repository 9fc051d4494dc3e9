import { expect, test } from "vitest";
import type { DemoEvent } from "../../src/cli/demo-events.js";
import { colored, uncolored, wrap } from "../../src/cli/demo-paint.js";
import { DEMO_SCRIPT } from "../../src/cli/demo-script.js";
import { verdictLines } from "../../src/cli/demo-table.js";
import { Timeline, timelineHead } from "../../src/cli/demo-timeline.js";
import { demoVerdict } from "../../src/cli/demo-verdict.js";
import { KEPT, NODE, POD, request, START, started, step, token } from "./demo-run.js";

function linesOf(events: readonly DemoEvent[], paint = uncolored): string[] {
  const timeline = new Timeline(paint);
  return events.flatMap((event) => timeline.lines(event));
}

/** The lines of the last event, after the others. */
function lastOf(...events: readonly DemoEvent[]): string {
  const timeline = new Timeline(uncolored);
  return events.map((event) => timeline.lines(event).join("\n")).at(-1) ?? "";
}

test("says when, who and what, in three columns", () => {
  const [, line] = linesOf([started, request("plain", 1_234, "imds")]);
  expect(line).toBe("   1.2 s  plain  its Key Vault request reaches IMDS");
});

test("tells a token of the node from one of the pod by its oid", () => {
  const wrong = token("guarded", 100, NODE, { waitedMs: 100 });
  expect(lastOf(started, request("guarded", 50, "imds"), wrong)).toContain(
    "WRONG Key Vault token, of the node",
  );
  const right = token("plain", 100, POD, { waitedMs: 100 });
  expect(lastOf(started, request("plain", 50, "nmi"), right)).toContain("right Key Vault token, of the pod");
});

test("calls a token of a third identity wrong", () => {
  expect(lastOf(started, request("plain", 0, "imds"), token("plain", 0, "3333"))).toContain("WRONG");
});

test("calls a token cached only where no request was sent while its caller waited", () => {
  const first = [started, request("plain", 50, "imds"), token("plain", 100, NODE, { waitedMs: 90 })];
  expect(lastOf(...first)).not.toContain("cache");
  const later = [...first, step("identity-assigned"), token("plain", 10_000, NODE, { waitedMs: 10 })];
  expect(lastOf(...later)).toContain("from its cache");
});

test("says for how long a wrong entry of the cache will still be served", () => {
  expect(lastOf(started, token("plain", 3_600_000, NODE))).toContain("good for 23.0 h more");
});

test("tells the same answer once, and again after what should have changed it", () => {
  const again = token("plain", 6_000, NODE);
  const before = [started, token("plain", 1_000, NODE)];
  expect(lastOf(...before, again)).toBe("");
  expect(lastOf(...before, step("nmi-active"), again)).not.toBe("");
});

test("tells an answer that differs from the last one at once", () => {
  expect(lastOf(started, token("plain", 1_000, NODE), token("plain", 2_000, POD))).toContain("right");
});

test("tells errors by their code", () => {
  const code = "AggregateAuthenticationError";
  const error = {
    who: "plain",
    type: "error",
    at: START,
    askedAt: START,
    resource: "https://x",
    code,
  } as const;
  expect(lastOf(started, error)).toContain(code);
});

test("tells why the gate is closed, what was refused and what the probes hear", () => {
  const at = START;
  const who = "guarded";
  const resource = "https://vault.azure.net";
  const gate = { who, type: "gate", at, state: "closed", reason: "route-bypassed" } as const;
  expect(lastOf(started, gate)).toContain("closed (no requests): NMI says active, but IMDS answers");
  const reason = "identity-mismatch";
  const rejected = { who, type: "rejected", at, resource, reason, objectId: NODE } as const;
  expect(lastOf(started, rejected)).toContain("refuses the Key Vault token of the node");
  const health = { who, type: "health", at, from: "ready", to: "degraded", reason: "" } as const;
  expect(lastOf(started, health)).toContain("degraded");
});

test("has a sentence for every step", () => {
  for (const { name } of DEMO_SCRIPT) expect(lastOf(started, step(name))).toMatch(/node {3}\S.{10}/u);
});

test("stays within 80 columns", () => {
  const verdict = demoVerdict(KEPT);
  const lines = [...timelineHead(uncolored), ...linesOf(KEPT), ...verdictLines(KEPT, verdict, uncolored)];
  expect(lines.filter((line) => line.length > 80)).toEqual([]);
});

test("says the same in colour", () => {
  const verdict = demoVerdict(KEPT);
  const inColor = [...linesOf(KEPT, colored), ...verdictLines(KEPT, verdict, colored)].join("\n");
  const bare = inColor.replace(/\u001B\[[\d;]*m/gu, "");
  expect(inColor).not.toBe(bare);
  expect(bare).toBe([...linesOf(KEPT), ...verdictLines(KEPT, verdict, uncolored)].join("\n"));
});

test("shows what each of the two came to, side by side", () => {
  const table = verdictLines(KEPT, demoVerdict(KEPT), uncolored).join("\n");
  expect(table).toContain("@azure/identity 4.13.1");
  expect(table).toMatch(/First Key Vault token +│ WRONG after 0\.1 s +│ right after 10\.4 s/u);
  expect(table).toMatch(/Tokens handed out +│ 6, 6 of them WRONG +│ 4, none wrong/u);
  expect(table).toMatch(/Token requests sent +│ 2 to IMDS +│ 2 to NMI/u);
});

test("names the promise that was broken", () => {
  const events = [...KEPT, token("guarded", 19_800, NODE)];
  const lines = verdictLines(events, demoVerdict(events), uncolored);
  expect(lines.filter((line) => line.includes("BROKEN"))).toHaveLength(1);
  expect(lines.join("\n")).toMatch(/Tokens handed out .*5, 1 of them WRONG/u);
});

test.each([
  ["a bc def", 4, ["a bc", "def"]],
  ["abcdefgh ij", 4, ["abcdefgh", "ij"]],
  ["", 4, [""]],
])("breaks %j at %i columns", (text, width, lines) => {
  expect(wrap(text, width)).toEqual(lines);
});
