import { describe, expect, test } from "vitest";
import { eventTable } from "../../../src/probes/status-page/event-table.js";
import { eventWords } from "../../../src/probes/status-page/event-words.js";
import { durationWords, utcWords } from "../../../src/probes/status-page/time-words.js";
import { textOf } from "./page-text.js";
import { ago, CLOSED, MINUTE, NOW, OPEN, snapshot, VAULT } from "./snapshots.js";

describe("an event in words", () => {
  test.each([
    [ago.change(0, "ready", "failing"), "From Ready to Failing"],
    [ago.gate(0, CLOSED), "Closed: Nothing listens on NMI's health port on this node."],
    [ago.gate(0, OPEN), "Open: NMI is healthy, and it is NMI that answers this pod's token requests."],
    [
      ago.attempt(0, "failed", { reason: "throttled", status: 429, provenance: "imds" }),
      "Attempt 2 for vault.azure.net failed: too many token requests (status 429, answered by imds).",
    ],
    [
      ago.attempt(0, "rejected", { reason: "identity-mismatch" }),
      "Attempt 2 for vault.azure.net brought a token that was refused: it is another identity's.",
    ],
    [ago.attempt(0, "abandoned"), "Attempt 2 for vault.azure.net was given up."],
    [
      ago.attempt(0, "failed", { reason: "new-code" }),
      "Attempt 2 for vault.azure.net failed: the reason is new-code.",
    ],
    [ago.token(0), "A token was acquired for vault.azure.net, good until 14:00:00 UTC."],
    [
      ago.rejected(0, "bypass"),
      "A token for vault.azure.net was refused: it did not come through the gated plane.",
    ],
    [ago.acquisition(0, "token"), "Got a token for vault.azure.net after 3.2 s and 2 attempts."],
    [ago.acquisition(0, "failed"), "Gave up on a token for vault.azure.net after 3.2 s and 2 attempts."],
  ])("%#", (event, words) => {
    expect(eventWords(event, false).what).toBe(words);
  });

  test("tells of another identity than before, and with details of which", () => {
    const common = { key: VAULT, source: "acquired", expiresOn: NOW + MINUTE, refreshAfter: NOW } as const;
    const [identity, previousIdentity] = [{ objectId: "1" }, { objectId: "2" }];
    const { what, detail } = eventWords(
      { type: "token", at: NOW, ...common, identity, previousIdentity },
      true,
    );
    expect(what).toContain("It is another identity's than the one before.");
    expect(detail).toBe("oid: 1; before: oid: 2");
  });

  test("compares what came with what was expected where details are on", () => {
    expect(eventWords(ago.rejected(0), true).detail).toBe("oid that came: 2222; oid expected: 1111");
    expect(eventWords(ago.rejected(0), false).detail).toBeUndefined();
  });
});

describe("the table of events", () => {
  test("has the newest first", () => {
    const history = [ago.rejected(2 * MINUTE), ago.attempt(MINUTE, "token")];
    expect(textOf(eventTable(snapshot("ready", { history }), NOW).text)).toMatch(
      /2 events .* 12:29:00 UTC Attempt .* 12:28:00 UTC Rejection /u,
    );
  });

  test("has 50 at most", () => {
    const history = Array.from({ length: 80 }, (_, index) => ago.attempt(1000 - index, "token"));
    const { text } = eventTable(snapshot("ready", { history }), NOW);
    expect(text.match(/<tr><td>/gu)).toHaveLength(50);
    expect(textOf(text)).toContain("the newest 50");
  });

  test("says that nothing has happened", () => {
    expect(textOf(eventTable(snapshot("ready"), NOW).text)).toContain("Nothing has happened yet.");
  });
});

test.each([
  [-1, "0 s"],
  [59_999, "59 s"],
  [60_000, "1 min"],
  [3_600_000, "1 h"],
  [18_720_000, "5 h 12 min"],
  [90_000_000, "25 h"],
  [172_800_000, "2 days"],
])("%i ms are %s", (ms, words) => {
  expect(durationWords(ms)).toBe(words);
});

test("a time has its date where it is not today's, and any number has one", () => {
  expect(utcWords(NOW, NOW)).toBe("12:30:00 UTC");
  expect(utcWords(NOW - 86_400_000, NOW)).toBe("2026-05-11 12:30:00 UTC");
  expect(utcWords(1e20, NOW)).toBe("1970-01-01 00:00:00 UTC");
});
