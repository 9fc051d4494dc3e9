import { appendFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { uncolored } from "../../src/cli/demo-paint.js";
import { diagnose } from "../../src/cli/doctor/diagnose.js";
import { linkStates } from "../../src/cli/doctor/link-states.js";
import type { Observations } from "../../src/cli/doctor/observations.js";
import { reportText } from "../../src/cli/doctor/report-text.js";
import { RULES } from "../../src/cli/doctor/rules/all-rules.js";
import { ArcSimulator } from "../../src/testing/arc.js";
import { linesOf, mistakesTogether } from "../cli/doctor/kubectl-lines.js";
import { expectGenerated, markdownTable } from "../generated.js";
import { DIST_DIR } from "./support/dist.js";
import { Owned } from "./support/owned.js";
import { endWithin, startFixture, type Ended } from "./support/process.js";
import { secretsIn } from "./support/secrets.js";
import { Slots } from "./support/slots.js";
import { NMI_WORLDS } from "./support/worlds/nmi-worlds.js";
import { OTHER_WORLDS } from "./support/worlds/other-worlds.js";
import { WORKLOAD_WORLDS } from "./support/worlds/workload-worlds.js";
import { POD, startPodNode, without, type Environment, type World } from "./support/worlds/world.js";

const GUIDE = new URL("../../examples/doctor/README.md", import.meta.url);
const MAIN = join(DIST_DIR, "cli/main.cjs");

const WORLDS = [...NMI_WORLDS, ...WORKLOAD_WORLDS, ...OTHER_WORLDS];

/** What the command promises for itself, and what a busy machine takes to start and end it. */
const LIMIT_MS = 10_000 + 15_000;

/** A file for all reports as people get them, to be looked at. */
const REPORTS = process.env["DOCTOR_REPORTS"];

/** Processes at a time. */
const slots = new Slots(2);

interface Report {
  readonly ok: boolean;
  readonly findings: readonly { readonly id: string }[];
  readonly observations: Observations;
}

/** A word that no line has room for is left whole, to be copied. */
const isTooLong = (line: string): boolean =>
  line.length > 80 && line.split(" ").every((word) => word.length <= 55);

async function doctor(environment: Environment, ...flags: readonly string[]): Promise<Ended> {
  const free = await slots.take();
  try {
    const running = startFixture(MAIN, environment, {
      argv: ["doctor", ...flags],
    });
    return await endWithin(running, LIMIT_MS);
  } finally {
    free();
  }
}

describe.concurrent("the first finding", () => {
  test.each(WORLDS)("where $situation: $first", { timeout: 120_000 }, async ({ situation, first, start }) => {
    await using owned = new Owned();
    const environment = await start(owned);
    const { code, stdout, stderr } = await doctor(environment, "--json");
    const report = JSON.parse(stdout) as Report;
    expect(stderr).toBe("");
    expect(report.findings.map(({ id }) => id)).toEqual(
      first === undefined ? [] : [first, ...report.findings.slice(1).map(({ id }) => id)],
    );
    expect(code).toBe(first === undefined ? 0 : 1);
    expect(secretsIn(stdout, [])).toEqual([]);
    expect(mistakesTogether(linesOf(diagnose(report.observations)))).toEqual([]);
    const hostIp = environment["HOST_IP"] ?? "(none)";
    expect(linesOf(diagnose(report.observations)).filter((line) => line.includes(hostIp))).toEqual([]);
    const { observations: seen } = report;
    const text = reportText(seen, linkStates(seen), diagnose(seen), uncolored);
    if (REPORTS !== undefined) appendFileSync(REPORTS, `=== ${situation}\n${text}\n\n\n`);
    expect(text.split("\n").filter(isTooLong)).toEqual([]);
  });
});

test("the guide lists the worlds", () => {
  const titles = new Map(RULES.map(({ id, title }) => [id, title]));
  const found = ({ first }: World): string =>
    first === undefined ? "nothing, exit code 0" : (titles.get(first) ?? first);
  const rows = WORLDS.map((world) => [world.situation, found(world)]);
  expectGenerated(GUIDE, "doctor-worlds", markdownTable(["where", "`doctor` finds first"], rows));
  expect(
    WORLDS.filter(({ first }) => first !== undefined).every(({ first }) => titles.has(first ?? "")),
  ).toBe(true);
});

describe.concurrent("the process", () => {
  test("writes for people, without colours where nobody looks, and with them where they are asked for", async () => {
    await using owned = new Owned();
    const { environment } = await startPodNode(owned, { nmi: { state: "not-active" } });
    const plain = await doctor(environment);
    expect(plain).toMatchObject({ code: 1, stderr: "" });
    expect(plain.stdout).toContain("1. NMI has not installed its rule yet (certain)\n");
    expect(plain.stdout).not.toContain("\u001B");
    const painted = await doctor({ ...environment, FORCE_COLOR: "1" });
    expect(painted.stdout).toContain("\u001B[1;31mFAIL\u001B[0m");
  });

  test("asks little of a node, and shows no token that it was given", async () => {
    await using owned = new Owned();
    const { node, environment } = await startPodNode(owned);
    const { code, stdout } = await doctor(environment, "--json");
    expect(code).toBe(0);
    expect(node.imds.counters.requests).toBe(1);
    const tokens = await Promise.all(
      [DOCTOR_RESOURCE].map(async (resource) => await askDirectly(node.metadataUrl, resource)),
    );
    // The platform hands out the same token again, so that this is the one that the process had.
    expect(secretsIn(stdout, tokens)).toEqual([]);
    expect(node.requests.filter(({ answeredBy }) => answeredBy === "health").length).toBeLessThanOrEqual(4);
  });

  test("takes its flags for variables", async () => {
    await using owned = new Owned();
    const { node, environment } = await startPodNode(owned);
    const bare = without(environment, "HOST_IP", "AZURE_IDENTITY_GUARD_EXPECTED_OBJECT_ID");
    const flags = ["--host-ip", environment["HOST_IP"] ?? "", "--expect-oid", node.identity.objectId];
    expect(await doctor(bare, ...flags)).toMatchObject({ code: 0 });
    expect(await doctor(bare, ...flags.slice(0, 3), node.identity.clientId)).toMatchObject({ code: 1 });
  });

  test.each(["--timeout", "--timeout=10", "--scopes=x", "extra"])(
    "refuses %s with exit code 2, and looks at nothing",
    async (flag) => {
      const { code, stdout, stderr } = await doctor(POD, flag);
      expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
      expect(stderr).toContain("See: azure-identity-guard doctor --help");
    },
  );

  // Its folder is fixed in the SDK: /var/opt/azcmagent/tokens.
  test.runIf(process.getuid?.() === 0)("finds nothing wrong on a machine with Azure Arc", async () => {
    await using owned = new Owned();
    const arc = owned.own(await ArcSimulator.start());
    const { code, stdout } = await doctor(arc.environment, "--json");
    expect(JSON.parse(stdout)).toMatchObject({ plane: { kind: "arc" }, findings: [] });
    expect(code).toBe(0);
  });

  test("ends with 143 when it is told to end", async () => {
    await using owned = new Owned();
    const { node, environment } = await startPodNode(owned);
    node.mic.unassign("app", node.identity);
    const asked = node.nextRequest(({ query }) => "resource" in query);
    const running = startFixture(MAIN, environment, { argv: ["doctor"] });
    await asked;
    running.process.kill("SIGTERM");
    expect(await endWithin(running, LIMIT_MS)).toMatchObject({ code: 143, stdout: "" });
  });
});

const DOCTOR_RESOURCE = "https://management.azure.com";

async function askDirectly(metadataUrl: string, resource: string): Promise<string> {
  const query = new URLSearchParams({ "api-version": "2018-02-01", resource }).toString();
  const response = await fetch(`${metadataUrl}/metadata/identity/oauth2/token?${query}`, {
    headers: { Metadata: "true" },
  });
  return ((await response.json()) as { access_token: string }).access_token;
}
