import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { build } from "esbuild";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { run } from "../../src/testing/simulator-command.js";
import { guidOf } from "../../src/testing/simulated-identity.js";
import { failure, http } from "./harness.js";

interface Ready {
  readonly healthUrl: string;
  readonly metadataUrl: string;
  readonly jwksUrl: string;
  readonly controlUrl: string;
  readonly pid: number;
  readonly environment: Record<string, string>;
}

let directory: string;
let executable: string;

beforeAll(async () => {
  // Inside the project, so that its packages are found.
  directory = await mkdtemp(join(import.meta.dirname, "../../node_modules/.node-simulator-"));
  executable = join(directory, "main.mjs");
  const entryPoints = [join(import.meta.dirname, "../../src/testing/main.ts")];
  const settings = {
    bundle: true,
    platform: "node",
    format: "esm",
    packages: "external",
    target: "node20",
  } as const;
  await build({ entryPoints, outfile: executable, ...settings });
});

afterAll(async () => await rm(directory, { recursive: true }));

async function start(...flags: string[]): Promise<{ child: ChildProcess; ready: Ready }> {
  const child = spawn(process.execPath, [executable, ...flags], { stdio: ["ignore", "pipe", "inherit"] });
  onTestFinished(() => void child.kill("SIGKILL"));
  const [line] = (await once(createInterface(child.stdout), "line")) as [string];
  return { child, ready: JSON.parse(line) as Ready };
}

async function exit(child: ChildProcess): Promise<number | null> {
  const [code] = (await once(child, "exit")) as [number | null];
  return code;
}

describe("the executable", () => {
  test("prints its addresses when it is ready, and ends with SIGTERM", async () => {
    const { child, ready } = await start();
    expect(ready.pid).toBe(child.pid);
    expect(ready.environment["AZURE_IDENTITY_GUARD_NMI_URL"]).toBe(ready.healthUrl);
    expect((await http(ready.healthUrl)).body).toBe("Active");
    expect((await http(ready.jwksUrl)).status).toBe(200);
    const exited = exit(child);
    child.kill("SIGTERM");
    expect(await exited).toBe(0);
  });

  test("obeys its control interface, up to its end", async () => {
    const { child, ready } = await start("--nmi-state", "down", "--time-scale", "0.01");
    expect(await failure(http(ready.healthUrl))).toBe("ECONNREFUSED");
    const post = async (path: string, body: unknown): Promise<Response> =>
      await fetch(ready.controlUrl + path, { method: "POST", body: JSON.stringify(body) });
    await post("/nmi", { action: "start" });
    expect((await http(ready.healthUrl)).body).toBe("Active");
    const exited = exit(child);
    await post("/close", {});
    expect(await exited).toBe(0);
  });

  test("keeps running with NMI down", async () => {
    const { child, ready } = await start("--nmi-state", "down");
    expect((await http(ready.controlUrl, { path: "/state" })).status).toBe(200);
    expect(child.exitCode).toBeNull();
  });
});

describe("the command", () => {
  function io(): { lines: string[]; said: string[]; io: Parameters<typeof run>[1]; terminate: () => void } {
    const lines: string[] = [];
    const said: string[] = [];
    let terminate = (): void => undefined;
    const terminated = new Promise<void>((resolve) => (terminate = resolve));
    return {
      lines,
      said,
      terminate: () => terminate(),
      io: { out: (line) => lines.push(line), say: (text) => said.push(text), terminated },
    };
  }

  test("takes identities and pods from its flags", async () => {
    const { io: surroundings, lines, terminate } = io();
    const flags = [
      ...["--identity", "orders,clientId=c,objectId=o", "--identity", "extra"],
      ...[
        "--node-identity",
        "none",
        "--system-assigned",
        "vm",
        "--pod",
        "web=127.0.0.2,127.0.0.3",
        "--pod",
        "job",
      ],
    ];
    const ended = run(flags, surroundings);
    await expect.poll(() => lines.length).toBe(1);
    const { controlUrl } = JSON.parse(lines[0]!) as Ready;
    const state = JSON.parse((await http(controlUrl, { path: "/state" })).body) as unknown;
    expect(state).toMatchObject({
      pods: [{ name: "web", addresses: ["127.0.0.2", "127.0.0.3"] }, { name: "job" }],
      mic: {
        assignments: [
          { pod: "default/web", identity: { name: "orders", clientId: "c", objectId: "o" } },
          { pod: "default/web", identity: { name: "extra", clientId: guidOf("client extra") } },
        ],
      },
      imds: { identities: [{ name: "orders" }, { name: "extra" }], systemAssigned: { name: "vm" } },
    });
    terminate();
    expect(await ended).toBe(0);
  });

  test("prints its help", async () => {
    const { io: surroundings, lines } = io();
    expect(await run(["--help"], surroundings)).toBe(0);
    expect(lines[0]).toMatch(/^Usage:/);
  });

  test.each([
    ["--nonsense"],
    ["--health-port", "x"],
    ["--health-port", "65536"],
    ["--time-scale", "0"],
    ["--nmi-state", "up"],
    ["--identity", "clientId=c"],
    ["--identity", "a,id=c"],
    ["--pod", "=127.0.0.1"],
  ])("refuses %s %s with exit code 2, naming it", async (...flags) => {
    const { io: surroundings, said } = io();
    expect(await run(flags, surroundings)).toBe(2);
    expect(said[0]).toContain(flags[0]);
  });

  test("says why it cannot start, with exit code 1", async () => {
    const { io: surroundings, said } = io();
    expect(await run(["--host", "192.0.2.1"], surroundings)).toBe(1);
    expect(said[0]).toContain("EADDRNOTAVAIL");
  });
});
