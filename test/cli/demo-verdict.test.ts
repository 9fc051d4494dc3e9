import { expect, test } from "vitest";
import type { DemoEvent } from "../../src/cli/demo-events.js";
import { STORAGE } from "../../src/cli/demo-script.js";
import { demoVerdict, isSettled } from "../../src/cli/demo-verdict.js";
import { health, KEPT, NODE, request, runWith, START, token } from "./demo-run.js";

const isGuardToken = (event: DemoEvent): boolean => event.who === "guarded" && event.type === "token";
const failing = (events: readonly DemoEvent[]): readonly string[] =>
  demoVerdict(events).promises.flatMap(({ promise, kept }) => (kept ? [] : [promise]));

test("exits with 0 where the guard kept all that it promises, however wrong the plain SDK was", () => {
  expect(failing(KEPT)).toEqual([]);
  expect(demoVerdict(KEPT)).toMatchObject({ kept: true, exitCode: 0 });
});

test("exits with 1 where one token of the guard was the node's", () => {
  const wrong = runWith((event) =>
    event === KEPT.at(-1) ? [event, token("guarded", 19_800, NODE)] : [event],
  );
  expect(failing(wrong)).toEqual(["no caller got another identity's token"]);
  expect(demoVerdict(wrong)).toMatchObject({ kept: false, exitCode: 1 });
});

test("exits with 1 where a token of the guard cannot be read", () => {
  expect(demoVerdict([...KEPT, token("guarded", 19_800, undefined)]).exitCode).toBe(1);
});

test("is not troubled by a plain SDK that gets the right tokens", () => {
  const lucky = runWith((event) =>
    event.type === "token" && event.who === "plain" ? [{ ...event, objectId: "right after all" }] : [event],
  );
  expect(demoVerdict(lucky).exitCode).toBe(0);
});

const error: DemoEvent = {
  who: "guarded",
  type: "error",
  at: START + 15_500,
  askedAt: START + 15_000,
  resource: STORAGE,
  code: "ERR_GUARD_GATE_CLOSED",
};
const died: DemoEvent = { who: "plain", type: "died", at: START + 4_000, by: "SIGKILL" };

test.each<[string, readonly DemoEvent[]]>([
  ["nothing happened", []],
  ["the guard never got a token", runWith((event) => (isGuardToken(event) ? [] : [event]))],
  ["a caller of the guard got an error", [...KEPT, error]],
  ["a service died", [...KEPT, died]],
  ["the script broke off", runWith((event) => ("name" in event && event.name === "nmi-gone" ? [] : [event]))],
  [
    "the guard had a token before the node could give the right one",
    runWith((event) =>
      event === KEPT[1] ? [event, token("guarded", 200, "11111111-1111-4111-8111-111111111111")] : [event],
    ),
  ],
  [
    "a caller asked in vain for the token in hand while NMI restarted",
    runWith((event) => (isGuardToken(event) && event.at === START + 14_500 ? [] : [event])),
  ],
  [
    "the token in hand was fetched anew while NMI restarted",
    runWith((event) =>
      isGuardToken(event) && event.at === START + 14_500
        ? [request("guarded", 14_500, "imds"), event]
        : [event],
    ),
  ],
  [
    "the new token came while NMI was away",
    runWith((event) =>
      isGuardToken(event) && "resource" in event && event.resource === STORAGE
        ? [{ ...event, at: START + 16_500 }]
        : [event],
    ),
  ],
  [
    "health never said degraded",
    runWith((event) => (event.type === "health" && event.at > START + 6_000 ? [] : [event])),
  ],
  ["health is not ready at the end", [...KEPT, health(19_500, "ready", "failing")]],
])("exits with 1 where %s", (_what, events) => {
  expect(demoVerdict(events).exitCode).toBe(1);
});

test("waits until both services have asked for everything since NMI came back", () => {
  expect(isSettled(KEPT.slice(0, -1))).toBe(false);
  expect(isSettled(KEPT)).toBe(true);
});
