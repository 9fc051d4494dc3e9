import { execFileSync, spawn, type ChildProcess } from "node:child_process";
import { closeSync, constants, openSync, writeSync } from "node:fs";
import { once } from "node:events";
import { join } from "node:path";
import { expect, test } from "vitest";
import { EXECUTABLE, runCommand } from "./support/cli.js";
import { newFolder } from "./support/folder.js";
import { startNode } from "./support/node.js";

type Stdio = number | "pipe";

function start(argv: readonly string[], environment: object, stdout: Stdio): ChildProcess {
  const env = { ...process.env, ...environment };
  return spawn(process.execPath, [EXECUTABLE, ...argv], { stdio: ["ignore", stdout, "pipe"], env });
}

async function ended(child: ChildProcess): Promise<unknown> {
  const [code] = (await once(child, "exit")) as [number | null];
  return code;
}

test.skipIf(process.platform === "win32")("a pipe that nobody empties holds back no signal", async () => {
  await using node = await startNode({ nmi: { state: "not-active" } });
  await using folder = await newFolder();
  const path = join(folder.path, "pipe");
  execFileSync("mkfifo", [path]);
  // Open for both, so that opening waits for nobody, and the pipe has a reader.
  const full = openSync(path, constants.O_RDWR | constants.O_NONBLOCK);
  try {
    for (;;) writeSync(full, Buffer.alloc(4_096));
  } catch (error) {
    expect(error).toMatchObject({ code: "EAGAIN" });
  }
  const stdout = openSync(path, constants.O_WRONLY);
  const child = start(["wait", "nmi"], node.environment, stdout);
  try {
    // After the second look it has had something to say.
    await node.nextRequest();
    await node.nextRequest();
    const code = ended(child);
    child.kill("SIGTERM");
    expect(await code).toBe(143);
  } finally {
    child.kill("SIGKILL");
    closeSync(stdout);
    closeSync(full);
  }
});

test("a reader that goes away ends what only it was waiting for", async () => {
  await using node = await startNode({ nmi: { state: "not-active" } });
  const child = start(["wait", "nmi"], node.environment, "pipe");
  try {
    const code = ended(child);
    child.stdout?.destroy();
    expect(await code).toBe(1);
  } finally {
    child.kill("SIGKILL");
  }
});

test("a sidecar whose output nobody reads is ended by SIGTERM", async () => {
  await using node = await startNode();
  const argv = ["serve", "--port", "0", "--host", "127.0.0.1"];
  const child = start(argv, node.environment, "pipe");
  try {
    const code = ended(child);
    const [line] = (await once(child.stdout ?? child, "data")) as [Buffer];
    expect(line.toString()).toContain("serving");
    child.stdout?.destroy();
    child.kill("SIGTERM");
    expect(await code).toBe(143);
  } finally {
    child.kill("SIGKILL");
  }
});

test("all of a long text reaches a reader that takes its time", async () => {
  const { stdout: whole } = await runCommand("completion bash");
  const child = start(["completion", "bash"], {}, "pipe");
  const code = ended(child);
  let text = "";
  for await (const chunk of child.stdout ?? []) text += String(chunk);
  expect(text).toBe(whole);
  expect(await code).toBe(0);
});

test.runIf(process.platform === "linux")(
  "what cannot be written is a failure where it was asked for, and none of a probe's",
  async () => {
    await using node = await startNode();
    const full = openSync("/dev/full", "w");
    try {
      const run = async (line: string): Promise<object> => {
        const child = start(line.split(" "), node.environment, full);
        const code = ended(child);
        let complained = "";
        for await (const chunk of child.stderr ?? []) complained += String(chunk);
        return { code: await code, complained };
      };
      expect(await run("manifest nmi-init")).toEqual({
        code: 1,
        complained: expect.stringMatching(/^standard output: ENOSPC/u) as string,
      });
      expect(await run("check nmi --timeout 10s")).toEqual({ code: 0, complained: "" });
    } finally {
      closeSync(full);
    }
  },
);
