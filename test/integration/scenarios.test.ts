import { beforeAll, describe, expect, test } from "vitest";
import { startNode } from "./support/node.js";
import { Child, type Settled } from "./support/child.js";
import { SCENARIOS, type Scenario, type Setup } from "./support/scenarios.js";
import { RESOURCE, SCOPE, SETUPS } from "./support/setups.js";
import { budgetMs, SCALE, scaledMs } from "./support/scale.js";
import { Slots } from "./support/slots.js";
import { bring, issuedTokens, tokenRequests } from "./support/trouble.js";

interface Run {
  readonly settled: Settled;
  readonly requests: number;
  readonly sockets: number;
  readonly rightOid: string;
}

interface Row {
  readonly scenario: Scenario;
  readonly setup: Setup;
}

const lengthMs = ({ scenario: { untilS, scale } }: Row): number => scaledMs(untilS, scale);

/** Longest trouble first, so that the last process to end is not one that began last. */
const ROWS: readonly Row[] = SCENARIOS.flatMap((scenario) =>
  Object.keys(scenario.expected).map((setup) => ({ scenario, setup: setup as Setup })),
).sort((one, other) => lengthMs(other) - lengthMs(one));

const key = ({ scenario, setup }: Row): string => `${scenario.id} ${setup}`;

/** Processes at a time: they wait for the most part, but each takes memory. */
const SLOTS = new Slots(32);
const runs = new Map<string, Promise<Run>>();
/** All rows one after another in waves, at the full budget each. */
const LIMIT_MS = Math.ceil(ROWS.length / 32) * (2 * budgetMs() + 10_000) + 30_000;
/** A call that is not settled by then hangs; what a busy machine adds is no matter of the guard's. */
const NOISE_MS = 2_000;

async function run({ scenario, setup }: Row): Promise<Run> {
  const { scale = SCALE } = scenario;
  const release = await SLOTS.take();
  try {
    await using node = await startNode({ timeScale: 1 / scale, ...scenario.node });
    const { environment, credential } = SETUPS[setup];
    await using child = await Child.start(environment(node, scale));
    // The schedule begins at the call, and the gate must not have been seen open before it does.
    const stop = await bring(scenario.trouble, scenario.untilS, node, scale);
    const id = await child.create(credential(node));
    const settled = await child.getToken(id, SCOPE);
    stop();
    const requests = tokenRequests(node);
    child.hides(...(await issuedTokens(node, RESOURCE)));
    return {
      settled,
      requests: requests.length,
      sockets: new Set(requests.map(({ socketId }) => socketId)).size,
      rightOid: node.identity.objectId,
    };
  } finally {
    release();
  }
}

/** What a failed test has to say of a call: what became of it, and each attempt from its start to its end. */
function told(settled: Settled): string {
  if (settled.outcome === "token") return `a token with oid ${settled.oid ?? "unknown"}`;
  const attempts = settled.details?.attempts ?? [];
  const began = attempts[0]?.startedAt ?? 0;
  const lines = attempts.map(
    ({ startedAt, endedAt, outcome, reason }) =>
      `${startedAt - began}-${endedAt - began} ms ${outcome} ${reason ?? ""}`,
  );
  return [`${settled.message} (${settled.waitedMs} ms)`, ...lines].join("\n  ");
}

beforeAll(() => {
  for (const row of ROWS) {
    const running = run(row);
    running.catch(() => undefined); // its own test tells
    runs.set(key(row), running);
  }
});

const setups = Object.keys(SETUPS) as readonly Setup[];

describe.each(setups)("%s", (setup) => {
  const rows = SCENARIOS.flatMap((scenario) => {
    const expected = scenario.expected[setup];
    return expected === undefined ? [] : [{ ...scenario, scenario, expected }];
  });

  describe(SETUPS[setup].title, () => {
    test.each(rows)(
      "$id: $does",
      async ({ scenario, expected: { ends, requests } }) => {
        const ran = await runs.get(key({ scenario, setup }));
        const { settled } = ran!;
        if (ends === "right") {
          expect(settled, told(settled)).toMatchObject({ outcome: "token", oid: ran!.rightOid });
        } else {
          const { code, reason } = ends;
          const details = reason === undefined ? {} : { details: { reason } };
          expect(settled, told(settled)).toMatchObject({ outcome: "error", code, ...details });
        }
        expect(settled.waitedMs).toBeLessThan(budgetMs(scenario.scale) + NOISE_MS);
        expect(ran!.requests).toBeGreaterThanOrEqual(requests[0]);
        expect(ran!.requests).toBeLessThanOrEqual(requests[1]);
        // A connection for each request; the SDK's own keeps one alive.
        if (setup !== "wrapped") expect(ran!.sockets).toBe(ran!.requests);
      },
      LIMIT_MS,
    );
  });
});
