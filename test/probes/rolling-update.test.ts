import { expect, it } from "vitest";
import { expectGenerated } from "../generated.js";
import { timelines } from "./rolling-update.js";

it("the README shows what an update of NMI does to pods, as it is; UPDATE_README=1 writes it anew", async () => {
  const drawn = ["```text", await timelines(), "```"].join("\n");
  expectGenerated(new URL("../../README.md", import.meta.url), "timeline", drawn);
});

it("a pod that holds good tokens sails through an update of NMI, where it is allowed to", async () => {
  const lines = (await timelines()).split("\n").filter((line) => line.startsWith("readyWhileDegraded"));
  for (const line of lines) expect(line).toMatch(/ #+$/u);
});
