import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import type * as Fs from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setImmediate as turn } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { HealthFile } from "../../src/health/health-file.js";
import { ManualClock } from "../../src/testing/manual-clock.js";

/** What stands in the way of a hard link. */
const links: { fail: string | undefined; before: (() => void) | undefined } = {
  fail: undefined,
  before: undefined,
};

vi.mock("node:fs", async (original) => {
  const fs = await original<typeof Fs>();
  const linkSync: typeof fs.linkSync = (from, to) => {
    links.before?.();
    if (links.fail !== undefined) throw Object.assign(new Error(links.fail), { code: links.fail });
    fs.linkSync(from, to);
  };
  return { ...fs, linkSync };
});

let folder: string;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "health-file-"));
  path = join(folder, "ready");
  Object.assign(links, { fail: undefined, before: undefined });
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** A process whose number, readiness and end the test decides. */
class Pod {
  readonly clock = new ManualClock();
  ready = false;
  readonly alive = new Set<number>();
  readonly exits = new Set<() => void>();
  readonly file: HealthFile;

  constructor({
    pid = process.pid,
    ready = false,
    at = path,
  }: { pid?: number; ready?: boolean; at?: string } = {}) {
    this.ready = ready;
    this.alive.add(pid);
    this.file = new HealthFile(at, {
      clock: this.clock,
      isReady: () => this.ready,
      events: {
        pid,
        onExit: (listener) => {
          this.exits.add(listener);
          return () => void this.exits.delete(listener);
        },
        isAlive: (number) => this.alive.has(number),
      },
    });
  }

  becomes(ready: boolean): void {
    this.ready = ready;
    this.file.update();
  }
}

/** No process of this machine has it: the largest number of Linux is 4,194,304. */
const NOBODY = 99_999_999;

describe("the file", () => {
  it("exists exactly while ready", () => {
    const pod = new Pod();
    expect(existsSync(path)).toBe(false);
    for (const ready of [true, true, false, false, true]) {
      pod.becomes(ready);
      expect(existsSync(path)).toBe(ready);
    }
  });

  it("follows within a second where nothing says that readiness changed", async () => {
    const pod = new Pod({ ready: true });
    pod.ready = false;
    await pod.clock.advance(1_000);
    expect(existsSync(path)).toBe(false);
  });

  it("holds the number of its process, and nothing else is left in the folder", () => {
    new Pod({ ready: true });
    expect(readFileSync(path, "utf8").split("\n")[0]).toBe(String(process.pid));
    expect(readdirSync(folder)).toEqual(["ready"]);
  });

  it("is not written again and again", async () => {
    const pod = new Pod({ ready: true });
    const before = statSync(folder, { bigint: true }).mtimeNs;
    await pod.clock.advance(5_000);
    expect(statSync(folder, { bigint: true }).mtimeNs).toBe(before);
  });

  it("is removed at exit, and listens no more", async () => {
    const pod = new Pod({ ready: true });
    for (const exit of [...pod.exits]) exit();
    expect(existsSync(path)).toBe(false);
    expect(pod.exits.size).toBe(0);
    pod.becomes(true);
    await pod.clock.advance(5_000);
    expect(existsSync(path)).toBe(false);
    expect(pod.clock.pending).toBe(0);
  });

  it("comes back where somebody removed it", async () => {
    const pod = new Pod({ ready: true });
    rmSync(path);
    await pod.clock.advance(1_000);
    expect(existsSync(path)).toBe(true);
  });

  it.each([
    ["of a process that has ended", `${NOBODY}\n1.0\n`],
    [
      "of an earlier process with this one's number, as in a container that was restarted",
      `${process.pid}\n1.0\n`,
    ],
  ])("%s is removed at the start, ready or not, since it would lie", (_what, content) => {
    writeFileSync(path, content);
    const pod = new Pod();
    expect(existsSync(path)).toBe(false);
    writeFileSync(path, content);
    pod.becomes(true);
    expect(readFileSync(path, "utf8")).not.toBe(content);
  });

  it("of another process that runs is left alone, until that one is gone", async () => {
    const theirs = `1\n.0\n`;
    writeFileSync(path, theirs);
    const pod = new Pod({ ready: true });
    pod.alive.add(1);
    writeFileSync(path, theirs);
    pod.becomes(true);
    pod.becomes(false);
    for (const exit of [...pod.exits]) exit();
    expect(readFileSync(path, "utf8")).toBe(theirs);
    const next = new Pod({ ready: true });
    expect(readFileSync(path, "utf8")).not.toBe(theirs);
    next.file.close();
  });

  it("that is no health file is never touched, and said", async () => {
    const warned: string[] = [];
    const listen = ({ message }: Error): void => void warned.push(message);
    process.on("warning", listen);
    writeFileSync(path, "root:x:0:0\n");
    const pod = new Pod({ ready: true });
    pod.becomes(false);
    for (const exit of [...pod.exits]) exit();
    expect(readFileSync(path, "utf8")).toBe("root:x:0:0\n");
    await turn();
    process.off("warning", listen);
    const about = warned.filter((message) => message.includes(path));
    expect(about).toEqual([expect.stringContaining("remove it")]);
    expect(about[0]).not.toContain("root:x");
  });

  it.each([
    ["a folder", () => mkdirSync(path)],
    ["a link", () => symlinkSync("/dev/zero", path)],
    ["a long file", () => writeFileSync(path, `${process.pid}\n1.0\n`.repeat(1_000))],
  ])("leaves %s of its name alone", (_what, make) => {
    make();
    new Pod({ ready: true }).becomes(false);
    expect(existsSync(path)).toBe(true);
  });

  it("does not look behind a link of its name, even to a health file of a process that has ended", () => {
    const target = join(folder, "target");
    writeFileSync(target, `${NOBODY}\n1.0\n`);
    symlinkSync(target, path);
    new Pod({ ready: true }).becomes(false);
    expect(readdirSync(folder).sort()).toEqual(["ready", "target"]);
  });

  it("follows no link that somebody has laid where it is drafted", () => {
    const target = join(folder, "target");
    writeFileSync(target, "precious");
    symlinkSync(target, `${path}.${process.pid}.0`);
    new Pod({ ready: true });
    expect(readFileSync(target, "utf8")).toBe("precious");
    expect(readdirSync(folder).sort()).toEqual(["ready", "target"]);
  });

  it("is written where a file system has no hard links, too", () => {
    links.fail = "EPERM";
    const pod = new Pod({ ready: true });
    expect(readdirSync(folder)).toEqual(["ready"]);
    pod.becomes(false);
    expect(readdirSync(folder)).toEqual([]);
  });

  it("leaves the first one there where two processes write it at once", () => {
    const theirs = `1\n.0\n`;
    links.before = () => writeFileSync(path, theirs);
    new Pod({ ready: true });
    expect(readFileSync(path, "utf8")).toBe(theirs);
  });

  it("in a folder that is not there throws nothing, and is written once the folder is", async () => {
    const at = join(folder, "later", "ready");
    const pod = new Pod({ ready: true, at });
    expect(existsSync(at)).toBe(false);
    mkdirSync(join(folder, "later"));
    await pod.clock.advance(1_000);
    expect(existsSync(at)).toBe(true);
  });
});
