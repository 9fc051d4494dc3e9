import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { beforeEach, describe, expect, test } from "vitest";
import { wrap } from "../../src/cli/demo-paint.js";
import type { NodeSimulator } from "../../src/testing/node-simulator.js";
import { Command, EXECUTABLE } from "./support/cli.js";
import { Owned } from "./support/owned.js";
import { endWithin, startFixture, type Ended } from "./support/process.js";
import { secretsIn } from "./support/secrets.js";
import { startPodNode, type Environment } from "./support/worlds/world.js";

/*
 * Sessions of the command line in examples/terminal, as people see them. UPDATE_README=1 records them anew; else those of
 * `doctor` and `wait` are compared with what the commands say now, but for times and ports. The demo's takes half a minute,
 * and is only recorded.
 */

const UPDATE = process.env["UPDATE_README"] === "1";
const FOLDER = new URL("../../examples/terminal/", import.meta.url);
const WIDTH = 80;
const SCOPE = "https://vault.azure.net/.default";

/** One command and all that it wrote. */
interface Run {
  readonly line: string;
  readonly ended: Ended;
}

/** What a terminal shows; lines that are one line of a log are folded. */
function session(runs: readonly Run[], environment: Environment = {}): string {
  const shown = runs.map(({ line, ended: { code, stdout, stderr } }) => {
    const folded = (stdout + stderr)
      .trimEnd()
      .replaceAll(environment["HOST_IP"] ?? "(none)", "10.240.0.4")
      .split("\n")
      .flatMap((each) => (each.length <= WIDTH ? [each] : wrap(each, WIDTH)))
      // A word that no line has room for.
      .flatMap((each) => each.match(new RegExp(`.{1,${WIDTH}}`, "gu")) ?? [""]);
    return [`$ azure-identity-guard ${line}`, ...folded, "$ echo $?", String(code)].join("\n");
  });
  return `${shown.join("\n\n")}\n`;
}

/**
 * Without what is another in each run: times, ports, and with them where lines end; and without a last look at who answers,
 * which may be from before NMI came up.
 */
function lasting(text: string): string {
  return text
    .replace(/waiting: route-[^]*?(?=waiting: |ok: )/gu, "")
    .replace(/\d{4}-\d{2}-\d{2}T[\d:.]+Z/gu, "DATE")
    .replace(/\b(?:\d+(?:\.\d+)?(?:ms|h|m|s))+\b/gu, "TIME")
    .replace(/127\.0\.0\.1:\d+/gu, "127.0.0.1:PORT")
    .replace(/\s+/gu, " ");
}

function expectRecorded(name: string, text: string): void {
  const file = new URL(`${name}.txt`, FOLDER);
  expect(secretsIn(text, [])).toEqual([]);
  if (UPDATE) {
    mkdirSync(FOLDER, { recursive: true });
    writeFileSync(file, text);
  }
  expect(lasting(readFileSync(file, "utf8"))).toBe(lasting(text));
}

let owned: Owned;
let node: NodeSimulator;
let environment: Environment;

async function ended(line: string): Promise<Run> {
  await using command = await Command.start(line.split(" "), environment);
  return { line, ended: await command.ended() };
}

describe("a terminal session", () => {
  beforeEach(async () => {
    owned = new Owned();
    ({ node, environment } = await startPodNode(owned, { nmi: { state: "down" } }));
    return async () => await owned[Symbol.asyncDispose]();
  });

  test("of doctor: NMI is down, then its rule is gone, then all is well", { timeout: 90_000 }, async () => {
    const runs = [await ended("doctor")];
    await node.nmi.setState("active");
    await node.nmi.dropRule({ restoredAfterMs: Infinity });
    runs.push(await ended("doctor"));
    await node.nmi.installRule();
    runs.push(await ended("doctor"));
    expect(runs.map((run) => run.ended.code)).toEqual([1, 1, 0]);
    expectRecorded("doctor", session(runs, environment));
  });

  test("of wait: NMI comes up, a token is had, and nobody comes", { timeout: 90_000 }, async () => {
    const runs: Run[] = [];
    {
      const line = "wait nmi";
      await using command = await Command.start(line.split(" "), environment);
      await command.says(/health-refused/u);
      await node.nmi.setState("not-active");
      await command.says(/not-active/u);
      await node.nmi.setState("active");
      runs.push({ line, ended: await command.ended() });
    }
    await node.nmi.setState("down");
    {
      const line = `wait token --scope ${SCOPE}`;
      await using command = await Command.start(line.split(" "), environment);
      await command.says(/waiting/u);
      await node.nmi.setState("active");
      runs.push({ line, ended: await command.ended() });
    }
    await node.nmi.setState("down");
    runs.push(await ended("wait nmi --timeout 2s"));
    expect(runs.map((run) => run.ended.code)).toEqual([0, 0, 1]);
    expectRecorded("wait", session(runs, environment));
  });
});

test.runIf(UPDATE)("of the demo is recorded", { timeout: 90_000 }, async () => {
  const run = await endWithin(startFixture(EXECUTABLE, {}, { argv: ["demo"] }), 60_000);
  expect(run).toMatchObject({ code: 0, stderr: "" });
  expectRecorded("demo", session([{ line: "demo", ended: run }]));
});

test.each(["doctor", "wait", "demo"])("the session of %s fits a terminal of 80 columns", (name) => {
  const file = new URL(`${name}.txt`, FOLDER);
  expect(existsSync(file)).toBe(true);
  const lines = readFileSync(file, "utf8").split("\n");
  expect(lines.length).toBeGreaterThan(10);
  expect(lines.filter((line) => line.length > WIDTH)).toEqual([]);
  // Colours and whatever else moves a cursor have no place in a file.
  expect(lines.filter((line) => /[^\P{Cc}]/u.test(line))).toEqual([]);
});
