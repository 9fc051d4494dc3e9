import { readFileSync, writeFileSync } from "node:fs";
import { expect, it } from "vitest";
import { timelines } from "./rolling-update.js";

const file = new URL("../../README.md", import.meta.url);
const BLOCK = /(<!-- timeline[^>]*-->\n\n```text\n)[^`]*(```\n\n<!-- \/timeline -->)/u;

it("the README shows what an update of NMI does to pods, as it is; UPDATE_README=1 writes it anew", async () => {
  const drawn = `${await timelines()}\n`;
  const readme = readFileSync(file, "utf8");
  const shown = readme.replace(BLOCK, (_whole, before: string, after: string) => before + drawn + after);
  if (process.env["UPDATE_README"] === "1") writeFileSync(file, shown);
  expect(readme.match(BLOCK)).not.toBeNull();
  expect(shown).toBe(process.env["UPDATE_README"] === "1" ? shown : readme);
});

it("a pod that holds good tokens sails through an update of NMI, where it is allowed to", async () => {
  const lines = (await timelines()).split("\n").filter((line) => line.startsWith("readyWhileDegraded"));
  for (const line of lines) expect(line).toMatch(/ #+$/u);
});
