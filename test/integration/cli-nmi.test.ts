import { execFileSync, spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { NodeSimulator } from "../../src/testing/node-simulator.js";
import { Command, EXECUTABLE, fixture, jsonLines, runCommand } from "./support/cli.js";
import { eventually } from "./support/eventually.js";
import { newFolder } from "./support/folder.js";
import { startNode } from "./support/node.js";
import { endWithin, startFixture, type Ended } from "./support/process.js";

/** Each state of NMI, what brings a node into it, and what a look at it finds. */
const STATES: readonly {
  readonly state: string;
  readonly bring: (node: NodeSimulator) => Promise<void>;
  readonly code: 0 | 1;
  readonly line: RegExp;
  /** Where nobody answers: otherwise time enough for the busiest machine. */
  readonly timeout?: string;
}[] = [
  {
    state: "active",
    bring: async () => await Promise.resolve(),
    code: 0,
    line: /^ok: NMI is active and answers token requests\n$/u,
  },
  {
    state: "down",
    bring: async (node) => await node.nmi.setState("down"),
    code: 1,
    line: /^health-refused: no connection to http:\/\/127\.0\.0\.1:\d+\/healthz: ECONNREFUSED\. .+\n$/u,
  },
  {
    state: "not active",
    bring: async (node) => await node.nmi.setState("not-active"),
    code: 1,
    line: /^not-active: http:\/\/127\.0\.0\.1:\d+\/healthz answered Not Active\. .+\n$/u,
  },
  {
    state: "active without its rule",
    bring: async (node) => await node.nmi.dropRule(),
    code: 1,
    line: /^route-bypassed: the token path answered 400 with a Server header\. .+\n$/u,
  },
  {
    // The rule goes first, and health says Active for 10 s more.
    state: "exiting gracefully",
    bring: async (node) => await node.nmi.exitGracefully(),
    code: 1,
    line: /^(route-bypassed|route-unreachable): .+\n$/u,
  },
  {
    state: "crashed",
    bring: async (node) => await node.nmi.crash(),
    code: 1,
    line: /^health-refused: .+\n$/u,
  },
  {
    state: "active, with a token server that hangs",
    bring: async (node) => await Promise.resolve(void node.faults.always("metadata", { kind: "hang" })),
    code: 1,
    line: /^(route-unreachable|health-timeout): .+\n$/u,
    timeout: "500ms",
  },
  {
    state: "silent",
    bring: async (node) => await Promise.resolve(void node.faults.always("health", { kind: "hang" })),
    code: 1,
    line: /^health-timeout: .+\n$/u,
    timeout: "500ms",
  },
  {
    state: "something else",
    bring: async (node) =>
      await Promise.resolve(
        void node.faults.always("health", { kind: "status", status: 404, body: "no such page" }),
      ),
    code: 1,
    line: /^health-unexpected: .+ answered 404 "no such page"\. .+\n$/u,
  },
];

describe.concurrent("check nmi, where NMI is", () => {
  test.each(STATES)("$state, ends with $code", async ({ bring, code, line, timeout = "10s" }) => {
    await using node = await startNode();
    await bring(node);
    const ended = await runCommand(`check nmi --timeout ${timeout}`, node.environment);
    expect(ended).toMatchObject({ code, signal: null, stderr: "" });
    expect(ended.stdout).toMatch(line);
  });

  test("not active, says so as JSON", async () => {
    await using node = await startNode({ nmi: { state: "not-active" } });
    const { code, stdout, stderr } = await runCommand("check nmi --json --timeout 10s", node.environment);
    expect({ code, stderr }).toEqual({ code: 1, stderr: "" });
    expect(JSON.parse(stdout)).toMatchObject({ state: "closed", reason: "not-active", permanent: false });
  });

  test("known by a flag, asks there and not where the environment says", async () => {
    await using node = await startNode();
    const elsewhere = "http://127.0.0.1:9/healthz";
    const environment = { ...node.environment, AZURE_IDENTITY_GUARD_NMI_URL: elsewhere };
    expect(await runCommand("check nmi", environment)).toMatchObject({ code: 1 });
    expect(
      await runCommand(`check nmi --timeout 10s --nmi-url=${node.healthUrl}`, environment),
    ).toMatchObject({ code: 0 });
  });
});

describe.concurrent("a command line that cannot be used", () => {
  test.each([
    ["check nmi", {}, "check nmi: HOST_IP is (not set)"],
    ["wait token", {}, "wait token: --scope needs a value"],
    [
      "wait arm --arm-endpoint http://127.0.0.1",
      {},
      "wait arm: --arm-endpoint is http://127.0.0.1; expected an https: URL",
    ],
    ["chekc nmi", {}, "chekc nmi is no command; did you mean check nmi?"],
  ])("ends with 2, and standard error says why: %s", async (line, environment, text) => {
    const { code, stdout, stderr } = await runCommand(line, environment);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr.slice(0, text.length)).toBe(text);
  });
});

/** Brings NMI through states; each is seen before the next one comes. */
async function flap(
  command: Command,
  steps: readonly (readonly [() => Promise<void>, RegExp])[],
): Promise<void> {
  for (const [bring, seen] of steps) {
    await bring();
    await command.says(seen);
  }
}

describe.concurrent("wait nmi", () => {
  test("survives an NMI that flaps, says each change once, and ends once it is up", async () => {
    await using node = await startNode({ nmi: { state: "down" } });
    const { nmi } = node;
    await using command = await Command.start("wait nmi".split(" "), node.environment);
    await flap(command, [
      [async () => await Promise.resolve(), /waiting: health-refused[^\n]*\n$/u],
      [async () => await nmi.setState("not-active"), /waiting: not-active[^\n]*\n$/u],
      [async () => await nmi.crash(), /waiting: health-refused[^\n]*\n$/u],
      [async () => await nmi.setState("not-active"), /waiting: not-active[^\n]*\n$/u],
    ]);
    await nmi.setState("active");
    const { code, stdout, stderr } = await command.ended();
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    const lines = stdout.trimEnd().split("\n");
    // What lies between two states may be seen as well, for a moment; nothing is said twice in a row.
    const reasons = lines.slice(0, -1).map((line) => /^waiting: ([\w-]+): /u.exec(line)?.[1]);
    expect(reasons.filter((reason, index) => reason === undefined || reason === reasons[index - 1])).toEqual(
      [],
    );
    expect(lines.at(-1)).toMatch(/^ok: NMI is active and answers token requests \(after .+\)$/u);
  });

  test("waits for the rule as well, since Active alone proves nothing", async () => {
    await using node = await startNode();
    await node.nmi.dropRule();
    await using command = await Command.start("wait nmi --json".split(" "), node.environment);
    await command.says(/"reason":"route-bypassed"/u);
    await node.nmi.installRule();
    const { code, stdout } = await command.ended();
    expect(code).toBe(0);
    const told = jsonLines(stdout);
    expect(told[0]).toMatchObject({ type: "waiting", reason: "route-bypassed" });
    expect(told.at(-1)).toMatchObject({ type: "done", reason: "active", state: "open" });
  });

  test("gives up at its timeout with 1", async () => {
    await using node = await startNode({ nmi: { state: "not-active" } });
    const { code, stdout, stderr } = await runCommand("wait nmi --timeout 300ms", node.environment);
    expect({ code, stderr }).toEqual({ code: 1, stderr: "" });
    expect(stdout).toMatch(/^waiting: not-active: .+\ngave up on NMI after 300ms: not-active\n$/u);
  });

  test("survives names that are slow to look up, and an address that moves", async () => {
    await using node = await startNode();
    const url = new URL(node.healthUrl);
    const environment = {
      ...node.environment,
      AZURE_IDENTITY_GUARD_NMI_URL: `http://node.test:${url.port}/healthz`,
      ADDRESSES: "127.0.0.2,127.0.0.1",
      // More than the second that a watcher gives one look.
      LOOKUP_MS: "1200",
    };
    const ended = await runCommand("wait nmi", environment, "moving-host.cjs");
    expect(ended).toMatchObject({ code: 0, stderr: "" });
    expect(ended.stdout).toMatch(/^waiting: health-refused: [^\n]+\nok: NMI is active/u);
  });

  test("survives a wall clock that jumps an hour ahead and back at each look", async () => {
    await using node = await startNode({ nmi: { state: "not-active" } });
    const argv = "wait nmi --timeout 20s --json".split(" ");
    await using command = await Command.start(argv, node.environment, "jumping-clock.cjs");
    await command.says(/not-active/u);
    await node.nmi.setState("active");
    const { code, stdout } = await command.ended();
    expect(code).toBe(0);
    const waits = stdout
      .trimEnd()
      .split("\n")
      .map((line) => (JSON.parse(line) as { waitedMs: number }).waitedMs);
    expect(waits).toHaveLength(2);
    expect(waits.filter((ms) => ms < 0 || ms > 20_000)).toEqual([]);
  });

  test("ends where nobody reads what it says any more", async () => {
    await using node = await startNode({ nmi: { state: "down" } });
    await using command = await Command.start("wait nmi".split(" "), node.environment);
    await command.says(/waiting/u);
    command.running.process.stdout?.destroy();
    await node.nmi.setState("not-active");
    expect(await command.ended()).toMatchObject({ code: 1, stderr: "" });
  });
});

const ENDS: readonly (readonly [NodeJS.Signals, number])[] = [
  ["SIGTERM", 143],
  ["SIGINT", 130],
  ["SIGHUP", 129],
];

describe.concurrent("told to end", () => {
  test.each(ENDS)("by %s, wait nmi ends with %i, and says no more", async (signal, code) => {
    await using node = await startNode({ nmi: { state: "not-active" } });
    // The next look is an hour away: it is not waited for.
    await using command = await Command.start("wait nmi --interval 1h".split(" "), node.environment);
    await command.says(/waiting/u);
    const before = command.output();
    command.kill(signal);
    const ended = await command.ended();
    expect(ended).toMatchObject({ code, signal: null, stderr: "" });
    expect(ended.stdout).toBe(before);
  });

  test("in the middle of a look that hangs, wait nmi ends as well", async () => {
    await using node = await startNode();
    node.faults.always("health", { kind: "hang" });
    await using command = await Command.start(["wait", "nmi"], node.environment);
    await node.nextRequest();
    command.kill("SIGTERM");
    expect(await command.ended()).toMatchObject({ code: 143, stdout: "", stderr: "" });
  });
});

const isolating = spawnSync("unshare", ["-pf", "true"]).status === 0;
const WHY = isolating ? "" : " (skipped: this user may not make a PID namespace)";

describe(`as process 1, which ignores what it does not listen to${WHY}`, () => {
  test.skipIf(!isolating)("wait nmi ends with 143 by SIGTERM", async () => {
    await using node = await startNode({ nmi: { state: "not-active" } });
    const ended = await endedAsFirst(["wait", "nmi", "--interval", "1h"], node.environment);
    expect(ended).toMatchObject({ code: 143, signal: null, stderr: "" });
    expect(ended.stdout).toMatch(/^waiting: not-active: [^\n]+\n$/u);
  });
});

const networked = spawnSync("unshare", ["--net", "--mount", "ip", "link", "set", "lo", "up"]).status === 0;
const WHY_NOT = networked ? "" : " (skipped: this user may not make a network namespace)";

describe.concurrent(`with a name server that never answers${WHY_NOT}`, () => {
  const NMI_URL = { AZURE_IDENTITY_GUARD_NMI_URL: "http://nmi.example.test:8085/healthz" };

  // The system's own look-up cannot be cut: where it never began, nothing holds up the end.
  test.skipIf(!networked).each([
    ["check nmi --timeout 2s", NMI_URL, 1],
    ["check token --scope s/.default --timeout 4s", NMI_URL, 1],
    ["wait nmi --timeout 2s", NMI_URL, 1],
    ["wait token --scope s/.default --timeout 4s", NMI_URL, 1],
  ])("%s gives up in time", async (line, environment, code) => {
    expect(await unanswered(line, environment)).toMatchObject({ code, asked: true, asSystem: false });
  });

  test.skipIf(!networked).each([
    ["wait nmi", NMI_URL],
    ["wait token --scope s/.default", NMI_URL],
    ["serve --port 0 --host probes.example.test", NMI_URL],
  ])("%s ends by SIGTERM", async (line, environment) => {
    const ended = await unanswered(line, { ...environment, SIGNAL: "SIGTERM" });
    expect(ended).toMatchObject({ code: 143, asked: true, asSystem: false, output: "" });
  });
});

/** Runs a command where names are looked up in vain. */
async function unanswered(line: string, environment: Readonly<Record<string, string>>): Promise<unknown> {
  await using folder = await newFolder();
  const unshare = execFileSync("sh", ["-c", "command -v unshare"]).toString().trim();
  const running = startFixture(
    fixture("silent-name-server.cjs"),
    { PATH: process.env["PATH"] ?? "", ...environment, RESOLV_CONF: join(folder.path, "resolv.conf") },
    {
      argv: [process.execPath, EXECUTABLE, ...line.split(" ")],
      program: [unshare, "--net", "--mount", process.execPath],
    },
  );
  const { stdout, stderr } = await endWithin(running, 30_000);
  expect(stderr).toBe("");
  return JSON.parse(stdout);
}

/** Runs a command as the first process of a PID namespace, and ends it once it waits. */
async function endedAsFirst(
  argv: readonly string[],
  environment: Readonly<Record<string, string>>,
): Promise<Ended> {
  const unshare = execFileSync("sh", ["-c", "command -v unshare"]).toString().trim();
  const running = startFixture(EXECUTABLE, environment, {
    argv,
    program: [unshare, "--pid", "--fork", "--kill-child", process.execPath],
  });
  await eventually(() => running.output().includes("waiting"));
  const { pid = 0 } = running.process;
  const [child] = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim().split(" ");
  process.kill(Number(child), "SIGTERM");
  return await endWithin(running, 10_000);
}
