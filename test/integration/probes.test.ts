import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import type { NodeSimulator } from "../../src/testing/node-simulator.js";
import { eventually } from "./support/eventually.js";
import { startNode } from "./support/node.js";
import { ProbedApplication } from "./support/probed.js";
import { secretsIn } from "./support/secrets.js";
import { gatedEnvironment } from "./support/setups.js";

const folder = mkdtempSync(join(tmpdir(), "probes-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
let files = 0;
const newPath = (): string => join(folder, `ready-${++files}`);

async function start(node: NodeSimulator, environment = {}): Promise<ProbedApplication> {
  return await ProbedApplication.start({ ...gatedEnvironment(node), ...environment });
}

describe.concurrent("the probes of a pod", () => {
  test("follow NMI through its life, whichever copy of the package serves them", async () => {
    await using node = await startNode({ nmi: { state: "down" } });
    await using application = await start(node);
    expect(await application.probes()).toBe("503 503 200");
    expect((await application.ask("/readyz")).body).toContain("[-]gate failed: health-refused\n");
    await node.nmi.setState("not-active");
    await eventually(async () => (await application.ask("/readyz")).body.includes("not-active"));
    await node.nmi.setState("active");
    await application.becomes("200 200 200");
    // A rolling update: the rule goes first, while health still says Active.
    const exit = node.nmi.exitGracefully();
    await application.becomes("200 503 200");
    expect((await application.ask("/readyz")).body).toContain("[-]gate failed: route-bypassed\n");
    await application.becomes("200 503 503");
    await exit;
    await node.nmi.setState("active");
    await application.becomes("200 200 200");
  });

  test("cost nothing upstream, however often they are asked", async () => {
    await using node = await startNode();
    await using application = await start(node, {
      AZURE_IDENTITY_GUARD_POLL_INTERVAL: "60s",
      AZURE_IDENTITY_GUARD_WARM_UP_SCOPES: "https://vault.azure.net/.default",
    });
    await application.becomes("200 200 200");
    const before = node.requests.length;
    for (let round = 0; round < 50; round++) {
      await application.probes();
      await application.ask("/metrics");
      await application.ask("/readyz?verbose");
    }
    expect(node.requests.length).toBe(before);
    expect((await application.ask("/metrics")).body).toContain(
      'azure_identity_guard_state{credential="ManagedIdentityCredential",state="ready"} 1',
    );
  });

  test("say who refused a token, and name nobody unless details are on", async () => {
    await using node = await startNode();
    const expected = "7f3a1b2c-0000-4000-8000-00000000beef";
    const wrong = {
      AZURE_IDENTITY_GUARD_EXPECTED_OBJECT_ID: expected,
      AZURE_IDENTITY_GUARD_WARM_UP_SCOPES: "https://vault.azure.net/.default",
      AZURE_IDENTITY_GUARD_RETRY_DELAY: "20ms",
      AZURE_IDENTITY_GUARD_RETRY_BUDGET: "3s",
    };
    await using quiet = await start(node, wrong);
    await using open = await start(node, {
      ...wrong,
      AZURE_IDENTITY_GUARD_HEALTH_DETAILS: "true",
    });
    const refused =
      'azure_identity_guard_rejected_tokens_total{credential="ManagedIdentityCredential",reason="identity-mismatch"}';
    for (const application of [quiet, open]) {
      await eventually(async () => (await application.ask("/metrics")).body.includes(refused));
      expect(await application.probes()).toBe("503 503 200");
    }
    const said = await Promise.all(
      [quiet, open].map(async (each) =>
        JSON.stringify([await each.ask("/readyz?verbose"), await each.ask("/metrics")]),
      ),
    );
    const { objectId } = node.identity;
    expect(said[0]).not.toContain(objectId);
    expect(said[0]).not.toContain(expected);
    expect(said.flatMap((text) => secretsIn(text, []))).toEqual([]);
  });
});

describe.concurrent("a probe server", () => {
  test("does not keep a job alive, with callers waiting or without", async () => {
    await using node = await startNode();
    for (const stays of ["nothing", "token"]) {
      const application = await start(node, { FIXTURE_STAYS: stays });
      expect(await application.end()).toMatchObject({ code: 0, signal: null });
    }
  });

  test("keeps it where it is told to", async () => {
    await using node = await startNode();
    await using application = await start(node);
    await application.becomes("200 200 200");
    expect(application.running.process.exitCode).toBeNull();
  });

  test("drains at SIGTERM where it is told to, and then lets the signal end the process", async () => {
    await using node = await startNode();
    const application = await start(node, { FIXTURE_DRAINS: "yes" });
    await application.becomes("200 200 200");
    application.running.process.kill("SIGTERM");
    await application.becomes("200 503 200");
    expect((await application.ask("/readyz")).body).toContain("[-]shutdown failed: drained\n");
    expect(await application.end()).toMatchObject({ signal: "SIGTERM" });
  });

  test("leaves SIGTERM alone otherwise", async () => {
    await using node = await startNode();
    const application = await start(node);
    application.running.process.kill("SIGTERM");
    expect(await application.end()).toMatchObject({ signal: "SIGTERM" });
  });
});

describe.concurrent("the health file", () => {
  test("is there exactly while the process is ready, and gone when it exits", async () => {
    await using node = await startNode({ nmi: { state: "down" } });
    const path = newPath();
    const environment = {
      AZURE_IDENTITY_GUARD_HEALTH_FILE: path,
      FIXTURE_HEALTH_ONLY: "yes",
      FIXTURE_STAYS: "token",
    };
    const application = await start(node, environment);
    expect(existsSync(path)).toBe(false);
    let seen = "";
    const watching = eventually(() => {
      if (existsSync(path)) seen = readFileSync(path, "utf8");
      return seen !== "" && application.running.process.exitCode !== null;
    });
    await node.nmi.setState("active");
    expect(await application.end()).toMatchObject({ code: 0 });
    await watching;
    expect(seen.split("\n")[0]).toBe(String(application.running.process.pid));
    expect(existsSync(path)).toBe(false);
  });

  test("of a process that was killed is removed by the next one, before that is ready", async () => {
    await using node = await startNode();
    const path = newPath();
    const environment = { AZURE_IDENTITY_GUARD_HEALTH_FILE: path };
    await using killed = await start(node, environment);
    await eventually(() => existsSync(path));
    killed.running.process.kill("SIGKILL");
    await killed.end();
    expect(existsSync(path)).toBe(true);
    await node.nmi.setState("down");
    await using next = await start(node, environment);
    expect(existsSync(path)).toBe(false);
    await node.nmi.setState("active");
    await eventually(() => existsSync(path));
    expect(await next.probes()).toBe("200 200 200");
  });

  test("of a process that runs is not taken from it", async () => {
    await using node = await startNode();
    const path = newPath();
    const environment = { AZURE_IDENTITY_GUARD_HEALTH_FILE: path };
    await using first = await start(node, environment);
    await eventually(() => existsSync(path));
    const content = readFileSync(path, "utf8");
    const second = await start(node, environment);
    await second.becomes("200 200 200");
    second.running.process.kill("SIGTERM");
    expect((await second.end()).stderr).toContain("is kept by another process");
    expect(readFileSync(path, "utf8")).toBe(content);
    expect(await first.probes()).toBe("200 200 200");
  });
});
