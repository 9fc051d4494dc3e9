import { describe, expect, test } from "vitest";
import type { NodeSimulator } from "../../src/testing/node-simulator.js";
import { startNode } from "./support/node.js";
import { endWithin, startFixture, type Ended, type Running } from "./support/process.js";
import { SHORT_BUDGET } from "./support/pod.js";
import { secretsIn } from "./support/secrets.js";
import { gatedEnvironment, ungatedEnvironment } from "./support/setups.js";
import { tokenRequests } from "./support/trouble.js";

/** Longer than any job here takes, shorter than a timer that keeps a process would. */
const LIMIT_MS = 20_000;
const CLASSES = ["DefaultAzureCredential", "ManagedIdentityCredential"] as const;

function job(name: string, environment: Record<string, string>): Running {
  return startFixture("job.mjs", { ...environment, FIXTURE_CLASS: name });
}

async function end(running: Running): Promise<Ended> {
  const ended = await endWithin(running, LIMIT_MS);
  expect(secretsIn(ended.stdout + ended.stderr, [])).toEqual([]);
  return ended;
}

describe.concurrent.each(CLASSES)("a process with a guarded %s", (name) => {
  test.each([
    { does: "under a gate", environment: gatedEnvironment },
    { does: "with an expectation only", environment: ungatedEnvironment },
    {
      does: "with warm-up scopes",
      environment: (node: NodeSimulator) => ({
        ...gatedEnvironment(node),
        AZURE_IDENTITY_GUARD_WARM_UP_SCOPES: "https://storage.azure.com/.default,https://a.example/.default",
      }),
    },
  ])("exits by itself after a getToken without close(), $does", async ({ environment }) => {
    await using node = await startNode();
    const ended = await end(job(name, environment(node)));
    expect(ended).toMatchObject({ code: 0, signal: null, stderr: "" });
    expect(ended.stdout.trim()).toBe(`oid ${node.identity.objectId}`);
  });

  test("does not exit before its first token while the gate is closed", async () => {
    await using node = await startNode({ nmi: { state: "not-active" } });
    const running = job(name, gatedEnvironment(node));
    // Several polls of a closed gate: time enough for a process that nothing keeps to be gone.
    for (let check = 0; check < 3; check += 1) {
      await node.nextRequest(({ answeredBy }) => answeredBy === "health");
    }
    expect(tokenRequests(node)).toHaveLength(0);
    await node.nmi.setState("active");
    const ended = await end(running);
    expect(ended).toMatchObject({ code: 0, signal: null });
    expect(ended.stdout.trim()).toBe(`oid ${node.identity.objectId}`);
  });

  test("does not exit before its budget is spent where the gate stays closed", async () => {
    await using node = await startNode({ nmi: { state: "down" } });
    const ended = await end(job(name, { ...gatedEnvironment(node), ...SHORT_BUDGET }));
    expect(ended.stdout.trim()).toBe("code ERR_GUARD_GATE_CLOSED");
    expect(ended.code).toBe(3);
  });

  test("does not exit before its budget is spent where the endpoint never answers", async () => {
    await using node = await startNode();
    node.faults.always("nmi", { kind: "hang" }, { match: ({ query }) => query.has("resource") });
    const ended = await end(job(name, { ...gatedEnvironment(node), ...SHORT_BUDGET }));
    expect(ended.stdout.trim()).toBe("code ERR_GUARD_BUDGET_SPENT");
    expect(ended.code).toBe(3);
  });
});
