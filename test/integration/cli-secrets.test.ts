import { existsSync } from "node:fs";
import { readFile, stat, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { mintToken } from "../../src/testing/mint-token.js";
import { CLIENT_SECRET, runsOf } from "../cli/doctor/secret-runs.js";
import { runCommand } from "./support/cli.js";
import { newFolder } from "./support/folder.js";
import { Owned } from "./support/owned.js";
import { SCOPE } from "./support/setups.js";
import { tokenRequests } from "./support/trouble.js";
import { startInjected, startPodNode, type Environment } from "./support/worlds/world.js";

/*
 * What commands must leave alone: secrets in the wrong variables, of which test/cli/doctor/secrets.test.ts tries each, and
 * what the application has its own variables for.
 */

const PROXY = "http://127.0.0.1:9";

/** Variables by the plane of the pod that has them; every one of these leads to loopback in any case. */
const MISPLACED: readonly (readonly [plane: string, name: string, more: Environment])[] = [
  ["NMI", "AZURE_CLIENT_ID", {}],
  ["NMI", "HOST_IP", {}],
  ["NMI", "AZURE_IDENTITY_GUARD_NMI_URL", {}],
  ["NMI", "NO_PROXY", { HTTP_PROXY: PROXY }],
  ["Workload ID", "AZURE_FEDERATED_TOKEN_FILE", {}],
];

let jwt: string;
beforeAll(async () => {
  jwt = await mintToken({ oid: "somebody" });
});

describe.concurrent("doctor shows no secret", () => {
  test.each(MISPLACED)("in a pod with %s, that is in %s", { timeout: 120_000 }, async (plane, name, more) => {
    await using owned = new Owned();
    const { environment } = plane === "NMI" ? await startPodNode(owned) : await startInjected(owned);
    for (const secret of [jwt, CLIENT_SECRET]) {
      const given = { ...environment, ...more, [name]: secret };
      const ended = await Promise.all([runCommand("doctor", given), runCommand("doctor --json", given)]);
      for (const { code, stdout, stderr } of ended) {
        expect(code).toBe(1);
        // Lines are broken between words; what is broken elsewhere counts as well.
        expect(runsOf(secret, [stdout, stderr, stdout.replace(/\n +/gu, "")].join("\n"))).toEqual([]);
      }
    }
  });

  test("that is the password of a proxy", async () => {
    await using owned = new Owned();
    const { environment } = await startPodNode(owned);
    const given = { ...environment, HTTPS_PROXY: `http://user:${CLIENT_SECRET}@127.0.0.1:9` };
    const ended = await Promise.all([runCommand("doctor", given), runCommand("doctor --json", given)]);
    for (const { stdout, stderr } of ended) {
      expect(stdout).toContain("127.0.0.1:9");
      expect(runsOf(CLIENT_SECRET, stdout + stderr)).toEqual([]);
    }
  });
});

describe.concurrent("scopes that the application warms up", () => {
  const WARM = "https://storage.azure.com/.default,https://servicebus.azure.net/.default";

  test.each(["doctor", "check token --timeout 20s", "wait token"])(
    "are none of %s",
    { timeout: 60_000 },
    async (command) => {
      await using owned = new Owned();
      const { node, environment } = await startPodNode(owned);
      const given = { ...environment, AZURE_IDENTITY_GUARD_WARM_UP_SCOPES: WARM };
      const { code, stdout, stderr } = await runCommand(`${command} --scope ${SCOPE} --json`, given);
      expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
      expect(tokenRequests(node).map(({ query }) => query["resource"])).toEqual(["https://vault.azure.net"]);
      expect(stdout).toContain("https://vault.azure.net");
      expect(stdout).not.toContain("https://storage.azure.com");
    },
  );

  test("are no reason for doctor to find fault", { timeout: 60_000 }, async () => {
    await using owned = new Owned();
    const { node, environment } = await startPodNode(owned);
    const given = { ...environment, AZURE_IDENTITY_GUARD_WARM_UP_SCOPES: WARM };
    expect((await runCommand("doctor", given)).stdout).toMatch(/\nNothing is wrong\.\n$/u);
    const resources = tokenRequests(node).map(({ query }) => query["resource"]);
    expect(resources).toEqual(["https://management.azure.com"]);
  });
});

describe.concurrent("the file by which the application says that it is ready", () => {
  const LONG_AGO = new Date(0);
  /** Of an application that has ended: another one that keeps such a file removes it. */
  const LEFT = "4194305\n1.0\n";

  test.each([
    "doctor",
    "check nmi",
    `check token --scope ${SCOPE} --timeout 20s`,
    "wait nmi",
    `wait token --scope ${SCOPE}`,
    // Which nobody answers: a token is had before.
    `wait arm --arm-endpoint https://127.0.0.1:9 --scope ${SCOPE} --timeout 2s`,
    "completion bash",
    "--version",
    "help",
  ])("is neither made, changed nor removed by %s", { timeout: 60_000 }, async (line) => {
    await using owned = new Owned();
    await using folder = await newFolder();
    const { environment } = await startPodNode(owned);
    const [missing, present] = [join(folder.path, "missing"), join(folder.path, "present")];
    await writeFile(present, LEFT);
    for (const path of [present, folder.path]) await utimes(path, LONG_AGO, LONG_AGO);
    const { ino } = await stat(present);
    const ended = await Promise.all(
      [missing, present].map(
        async (path) => await runCommand(line, { ...environment, AZURE_IDENTITY_GUARD_HEALTH_FILE: path }),
      ),
    );
    expect(ended.map(({ code }) => code)).toEqual(line.startsWith("wait arm") ? [1, 1] : [0, 0]);
    expect(existsSync(missing)).toBe(false);
    expect(await readFile(present, "utf8")).toBe(LEFT);
    expect(await stat(present)).toMatchObject({ ino, mtimeMs: 0 });
    // Nor was one there for a while.
    expect(await stat(folder.path)).toMatchObject({ mtimeMs: 0 });
  });
});
