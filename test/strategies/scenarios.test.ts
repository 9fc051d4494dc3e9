import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { runCommand } from "../../src/testing/control-commands.js";
import { NodeSimulator } from "../../src/testing/node-simulator.js";
import { APP_IDENTITY, SCENARIOS, type ScenarioName } from "./scenarios.js";
import type { NodeAction } from "./scenario.js";

async function act(node: NodeSimulator, actions: readonly NodeAction[]): Promise<void> {
  // As it goes over the wire.
  for (const { to, body } of actions)
    if (to !== "arm") await runCommand(node, `/${to}`, JSON.parse(JSON.stringify(body)));
}

describe("scenarios", () => {
  it.each(SCENARIOS)(
    "$name: the node takes what is asked of it, and the times are in order",
    async (scenario) => {
      await using node = await NodeSimulator.start();
      await act(node, scenario.given);
      const assigned = node.mic.assignments.map(({ identity }) => identity.objectId);
      if (!scenario.labelled) expect(assigned).toEqual([]);
      let before = 0;
      for (const { at, actions } of scenario.steps) {
        expect(at).toBeGreaterThan(before);
        before = at;
        await act(node, actions);
      }
      expect(scenario.lasts).toBeGreaterThan(before);
    },
  );

  it("begin the same on a node that has been through another", async () => {
    const seen = async (actions: readonly NodeAction[]): Promise<unknown> => {
      await using node = await NodeSimulator.start();
      await act(node, actions);
      const { nmi, mic, imds } = node;
      return [nmi.state, nmi.ruleInstalled, mic.assignments, imds.identities, imds.systemAssigned];
    };
    const given = (name: ScenarioName): readonly NodeAction[] =>
      SCENARIOS.find((each) => each.name === name)!.given;
    const [late, unlabelled] = [given("nmi-late"), given("unlabelled")];
    expect(await seen([...late, ...unlabelled])).toEqual(await seen(unlabelled));
    expect(await seen([...unlabelled, ...late])).toEqual(await seen(late));
  });

  it("mean the identity that the application compares with", () => {
    const application = readFileSync(new URL("app/report-identity.mjs", import.meta.url), "utf8");
    expect(application).toContain(`APP_OBJECT_ID = "${APP_IDENTITY.objectId}"`);
  });
});
