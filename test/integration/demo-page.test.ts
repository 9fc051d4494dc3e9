import { expect, test } from "vitest";
import { EventReader } from "../cli/demo-page/event-reader.js";
import type { PageSide } from "../../src/cli/demo-page/page-state.js";
import { http } from "../testing/harness.js";
import { Command } from "./support/cli.js";
import { secretsIn } from "./support/secrets.js";

/** `PATH` is not needed: the demo runs the Node.js that runs it. */
async function startDemo(): Promise<{ readonly demo: Command; readonly url: string }> {
  const demo = await Command.start(["demo", "--page", "--json"]);
  await demo.says(/"serving"/u);
  const { url } = JSON.parse(demo.output()) as { url: string };
  return { demo, url };
}

const wordsOf = ({ rows }: PageSide, resource: string): string =>
  rows.find(({ name }) => name === resource)?.words ?? "";

test(
  "demo --page: once the rule is dropped the plain SDK has the node's token, and the guard refuses",
  { timeout: 60_000 },
  async () => {
    const { demo, url } = await startDemo();
    await using running = demo;
    await using reader = await EventReader.open(`${url}events`);
    await reader.until(({ sides }) =>
      Object.values(sides).every((side) => wordsOf(side, "Key Vault") === "right token, of this pod"),
    );

    const headers = { origin: new URL(url).origin };
    expect((await http(`${url}do/drop-rule`, { method: "POST", headers })).status).toBe(204);
    const broken = await reader.until(
      ({ sides }) =>
        wordsOf(sides.plain, "Storage").startsWith("WRONG") &&
        wordsOf(sides.guarded, "Storage") === "no token: ERR_GUARD_GATE_CLOSED",
    );
    expect(wordsOf(broken.sides.plain, "Storage")).toBe("WRONG token, of the node");
    expect(broken.sides.guarded.gate).toMatch(
      /^(degraded|failing); gate closed: NMI says active, but IMDS answers$/u,
    );
    // The token in hand is good.
    expect(wordsOf(broken.sides.guarded, "Key Vault")).toBe("right token, of this pod");

    const own = await http(`${url}guard/`);
    expect(own.status).toBe(200);
    expect(own.body).toMatch(/<h1[^>]*>[^]*?(Degraded|Failing)/u);

    await http(`${url}do/restore-rule`, { method: "POST", headers });
    const mended = await reader.until(({ sides }) => wordsOf(sides.guarded, "Storage").startsWith("right"));
    expect(mended.sides.guarded.headline).toMatch(/^0 wrong/u);
    expect(wordsOf(mended.sides.plain, "Storage")).toBe("WRONG token, of the node");

    expect(secretsIn(reader.text + own.body, [])).toEqual([]);
    running.kill("SIGINT");
    expect(await running.ended()).toMatchObject({ code: 130, stderr: "" });
  },
);

test("--port is for the page alone", async () => {
  await using demo = await Command.start(["demo", "--port", "8086"]);
  expect(await demo.ended()).toMatchObject({ code: 2, stdout: "" });
});
