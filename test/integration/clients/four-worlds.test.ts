import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { expectGenerated } from "../../generated.js";
import { tokenRequests } from "../support/trouble.js";
import { startAzurite, type Azurite } from "./support/azurite.js";
import { ClientApplication } from "./support/client-application.js";
import { journeyTable } from "./support/journey-table.js";
import { EXPECTED, outcomes, travel, type Journey, type Traveller } from "./support/journey.js";
import { Stage } from "./support/stage.js";
import { BARE_NODE, metadataAddress, WORLDS, type World } from "./support/worlds.js";

const PLAIN: Traveller = { file: "app.mjs", loading: "none" };
const IMPORTED: Traveller = { file: "app.mjs", loading: "--import" };
const PLAIN_CJS: Traveller = { file: "app.cjs", loading: "none" };
const REQUIRED_CJS: Traveller = { file: "app.cjs", loading: "--require" };
const IMPORTED_CJS: Traveller = { file: "app.cjs", loading: "--import" };
const BY_NAME: Traveller = { file: "with-guard.mjs", loading: "none" };

/** The same file in all worlds, with the guard and without; others where they take another way. */
const OTHERS: Readonly<Record<string, readonly Traveller[]>> = {
  "AAD Pod Identity": [PLAIN_CJS, REQUIRED_CJS],
  "Workload ID": [IMPORTED_CJS],
  "managed identity": [BY_NAME],
};

const nameOf = ({ file, loading }: Traveller): string => `${file} ${loading}`;
const key = (world: World, traveller: Traveller): string => `${world.name}, ${nameOf(traveller)}`;

const LIMIT_MS = 150_000;
const journeys = new Map<string, Promise<Journey>>();
let azurite: Azurite;

/** All at once: for the most part they wait. */
beforeAll(async () => {
  azurite = await startAzurite();
  for (const world of WORLDS) {
    for (const traveller of [PLAIN, IMPORTED, ...(OTHERS[world.name] ?? [])]) {
      const journey = travel(world, traveller, azurite);
      journey.catch(() => undefined); // its own test tells
      journeys.set(key(world, traveller), journey);
    }
  }
});

afterAll(async () => {
  await Promise.allSettled(journeys.values());
  await azurite[Symbol.asyncDispose]();
});

async function journeyOf(world: World, traveller: Traveller): Promise<Journey> {
  const journey = journeys.get(key(world, traveller));
  if (journey === undefined) throw new Error(`Nobody travels as ${key(world, traveller)}`);
  return await journey;
}

const GUARDED = WORLDS.flatMap((world) =>
  [IMPORTED, ...(OTHERS[world.name] ?? [])]
    .filter((traveller) => traveller !== PLAIN_CJS)
    .map((traveller) => ({ world, traveller, name: world.name, how: nameOf(traveller) })),
);

describe("an application with the guard", () => {
  test.each(GUARDED)(
    "has the right token from the bad start of $name on, and never the wrong one ($how)",
    async ({ world, traveller }) => {
      const { start, afterStart, restarted, middle, afterMiddle, requests } = await journeyOf(
        world,
        traveller,
      );
      // An operation waits or succeeds; none fails, and no request carries another identity's token, or none.
      expect(new Set([...start, ...afterStart, ...middle, ...afterMiddle])).toEqual(new Set(["right"]));
      expect(restarted).toBe(false);
      // The token in hand serves while the plane is down.
      expect(middle).toContain("right");
      expect(afterMiddle).toContain("right");
      expect(requests).toEqual({ right: requests.all, wrong: 0, all: requests.all });
    },
    LIMIT_MS,
  );
});

/** What the plain SDK makes of each world. */
const MET: Readonly<Record<string, { start: string; stays: boolean; wrong: boolean }>> = {
  "AAD Pod Identity": { start: "wrong", stays: true, wrong: true },
  "Workload ID's migration proxy": { start: "wrong", stays: true, wrong: true },
  // Once the webhook has done its part there is nothing to fall through to; but nothing is asked a second time, either.
  "Workload ID": { start: "AADSTS70021", stays: false, wrong: false },
  "managed identity": { start: "wrong", stays: true, wrong: true },
};

describe("the same application by itself", () => {
  const rows = [
    ...WORLDS.map((world) => ({ world, traveller: PLAIN })),
    { world: WORLDS[0]!, traveller: PLAIN_CJS },
  ];
  test.each(rows.map((row) => ({ ...row, name: row.world.name, how: nameOf(row.traveller) })))(
    "meets what the world holds for it: $name ($how)",
    async ({ world, traveller }) => {
      const { start, stays, wrong } = MET[world.name]!;
      const journey = await journeyOf(world, traveller);
      expect(journey.start[0]).toBe(start);
      expect(journey.middle).toContain(start);
      // A wrong token is kept for its whole life: only a new process is rid of it.
      expect(journey.restarted).toBe(stays);
      expect(new Set(journey.afterMiddle.slice(-2))).toEqual(new Set([stays ? start : "right"]));
      expect(journey.requests.wrong > 0).toBe(wrong);
    },
    LIMIT_MS,
  );
});

describe("a pod that the webhook of Workload ID missed", () => {
  const run = async (guard: Readonly<Record<string, string>>, loading: Traveller["loading"]) => {
    await using stage = await Stage.start(BARE_NODE, azurite);
    const environment = { ...stage.environment, ...metadataAddress(stage), ...guard };
    await using application = new ClientApplication("storage-blob/app.mjs", loading, environment);
    await application.ended(2);
    const { operations } = application;
    return { operations, tally: stage.front.tally, asked: tokenRequests(stage.node).length };
  };

  test("is the node by itself", async () => {
    const { operations, tally, asked } = await run({}, "none");
    expect(outcomes(operations)[0]).toBe("wrong");
    expect(tally).toEqual({ right: 0, wrong: tally.all, all: tally.all });
    expect(asked).toBeGreaterThan(0);
  });

  test("is told what is missing, and nobody asks IMDS, with the guard", async () => {
    const guard = { ...EXPECTED, AZURE_IDENTITY_GUARD_GATE: "workload-identity" };
    const { operations, tally, asked } = await run(guard, "--import");
    expect(operations[0]).toMatchObject({ outcome: "error", code: "ERR_GUARD_GATE_CLOSED" });
    expect(operations[0]?.message).toContain("azure.workload.identity/use");
    expect({ all: tally.all, asked }).toEqual({ all: 0, asked: 0 });
  });
});

describe("what is written of it", () => {
  test(
    "the table of the README is what happened; UPDATE_README=1 writes it anew",
    async () => {
      const comparisons = WORLDS.map(async (world) => ({
        world,
        plain: await journeyOf(world, PLAIN),
        guarded: await journeyOf(world, IMPORTED),
      }));
      const readme = new URL("../../../README.md", import.meta.url);
      expectGenerated(readme, "four worlds", journeyTable(await Promise.all(comparisons)));
    },
    LIMIT_MS,
  );

  test("it takes one line to name the guard in an application", () => {
    const [plain, guarded] = ["app.mjs", "with-guard.mjs"].map((name) =>
      readFileSync(new URL(`../../../examples/storage-blob/${name}`, import.meta.url), "utf8").split("\n"),
    );
    const changed = plain!.flatMap((line, index) => (guarded![index] === line ? [] : [guarded![index]]));
    expect(changed).toEqual(['import { DefaultAzureCredential } from "azure-identity-guard";']);
    expect(guarded).toHaveLength(plain!.length);
  });
});
