import { test } from "vitest";
import { startAzurite } from "./support/azurite.js";
import { travel } from "./support/travel.js";
import { WORLDS } from "./support/worlds.js";

test("try", async () => {
  await using azurite = await startAzurite();
  const runs = WORLDS.flatMap((world) =>
    (
      [
        ["app.mjs", "none"],
        ["app.mjs", "--import"],
      ] as const
    ).map(async ([file, loading]) => {
      const began = Date.now();
      try {
        console.log(
          world.name,
          file,
          loading,
          JSON.stringify(await travel(world, { file, loading }, azurite)),
          Date.now() - began,
        );
      } catch (error) {
        console.log(world.name, file, loading, error);
      }
    }),
  );
  await Promise.all(runs);
}, 300_000);
