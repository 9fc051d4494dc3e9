import { isBuiltin } from "node:module";
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { EXECUTABLE, runCommand } from "./support/cli.js";
import { startNode } from "./support/node.js";

interface Loaded {
  readonly asked: readonly string[];
  readonly files: readonly string[];
  readonly parts: readonly string[];
}

async function loadedBy(
  line: string,
  environment: Readonly<Record<string, string>>,
): Promise<Loaded & { readonly code: number | null }> {
  const { code, stderr } = await runCommand(line, environment, "loaded.cjs");
  return { code, ...(JSON.parse(stderr.trim().split("\n").at(-1) ?? "") as Loaded) };
}

/** Each takes a good part of the time of the whole observation to load. */
const COSTLY: readonly string[] = ["http", "https", "tls", "tty", "perf_hooks", "module"];

function costly({ asked, parts }: Pick<Loaded, "asked" | "parts">): readonly string[] {
  const named = asked.map((request) => request.replace(/^node:/u, ""));
  return COSTLY.filter((name) => named.includes(name) || parts.includes(name));
}

describe.concurrent("what a process loads", () => {
  test.each([
    "check nmi --timeout 10s",
    "wait nmi",
    "check nmi --timeout 10s --json",
    "wait nmi --timeout 1m --json",
  ])("for %s is its one file, and parts of Node.js", async (line) => {
    await using node = await startNode();
    const { code, files, asked, parts } = await loadedBy(line, node.environment);
    expect(code).toBe(0);
    expect(files).toEqual([EXECUTABLE]);
    expect(asked).toContain("net");
    expect(asked.filter((request) => !isBuiltin(request))).toEqual([]);
    expect(costly({ asked, parts })).toEqual([]);
  });

  test("for a failing check is no more than that", async () => {
    await using node = await startNode({ nmi: { state: "down" } });
    const { code, files, ...more } = await loadedBy("check nmi --timeout 10s", node.environment);
    expect({ code, files, costly: costly(more) }).toEqual({ code: 1, files: [EXECUTABLE], costly: [] });
  });

  test("for a token is more, which shows that the look above sees it", async () => {
    const { code, files, ...more } = await loadedBy("check token", {});
    expect(code).toBe(2);
    expect(files.some((file) => file.endsWith("cli/commands.cjs"))).toBe(true);
    expect(more.asked.some((request) => !isBuiltin(request))).toBe(true);
    expect(costly(more)).toEqual(expect.arrayContaining(["http", "https", "module"]));
  });

  test("is what the file names, and that is no package: Node.js, and the demo", () => {
    const text = readFileSync(EXECUTABLE, "utf8");
    const named = [...text.matchAll(/\b(?:require|import)\(\s*"([^"]+)"\s*\)/gu)].map(
      ([, name = ""]) => name,
    );
    expect(named).toContain("net");
    expect(named.filter((name) => !isBuiltin(name))).toEqual(["../demo/main.js"]);
  });
});
