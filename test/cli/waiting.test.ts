import { describe, expect, test } from "vitest";
import { TIMEOUT_FLAG, runWait, type Sight, type Work } from "../../src/cli/waiting.js";
import { JSON_FLAG } from "../../src/cli/flag-table.js";
import { parseFlags } from "../../src/cli/parse-flags.js";
import { waitNmi } from "../../src/cli/wait-nmi.js";
import { COMMANDS } from "../../src/cli/command-table.js";
import type { HttpProbe } from "../../src/gate/http-probe.js";
import type { ManualClock } from "../../src/testing/manual-clock.js";
import { testIo, type TestIo } from "./cli-io.js";

const sight = (reason: string, detail = ""): Sight => ({
  reason,
  line: `${reason} ${detail}`.trim(),
  seen: { reason },
});

type TimedWork = (...args: [...Parameters<Work>, clock: ManualClock]) => ReturnType<Work>;

function wait(work: TimedWork, ...argv: readonly string[]): TestIo & { readonly code: Promise<number> } {
  const io = testIo();
  const { values } = parseFlags(argv, [TIMEOUT_FLAG, JSON_FLAG]);
  const code = runWait(values, io, "the thing", async (see, signal) => await work(see, signal, io.clock));
  return { ...io, code };
}

describe("a wait", () => {
  test("says a line at each change of what stands in the way, and one at the end", async () => {
    const { code, clock, said } = wait(async (see, signal, clock) => {
      for (const each of ["down", "down", "down", "not-active", "not-active", "down"]) {
        see(sight(each));
        await clock.sleep(1_000, signal);
      }
      return sight("active");
    });
    await clock.advance(6_000);
    expect(await code).toBe(0);
    expect(said).toEqual(["waiting: down", "waiting: not-active", "waiting: down", "active (after 6s)"]);
  });

  test("says the same as lines of JSON, each with the time waited", async () => {
    const { code, clock, said } = wait(async (see, signal, clock) => {
      see(sight("down"));
      await clock.sleep(1_500, signal);
      see(sight("not-active"));
      return await Promise.resolve(sight("active"));
    }, "--json");
    await clock.advance(1_500);
    expect(await code).toBe(0);
    expect(said.map((line) => JSON.parse(line) as unknown)).toEqual([
      { type: "waiting", waitedMs: 0, reason: "down" },
      { type: "waiting", waitedMs: 1_500, reason: "not-active" },
      { type: "done", waitedMs: 1_500, reason: "active" },
    ]);
  });

  test("without a timeout goes on for ever", async () => {
    const { code, clock, said } = wait(async (see, signal, clock) => {
      see(sight("down"));
      await clock.sleep(30 * 24 * 3_600_000, signal);
      return sight("active");
    });
    await clock.advance(29 * 24 * 3_600_000);
    expect(said).toEqual(["waiting: down"]);
    await clock.advance(24 * 3_600_000);
    expect(await code).toBe(0);
  });

  test.each([
    [[], "gave up on the thing after 1m30s: down"],
    [["--json"], JSON.stringify({ type: "timeout", waitedMs: 90_000, reason: "down" })],
  ])("ends at its timeout with 1, and says what was in the way last (%j)", async (more, line) => {
    const { code, clock, said } = wait(
      async (see, signal, clock) => {
        see(sight("not-active"));
        await clock.sleep(10_000, signal);
        see(sight("down"));
        await clock.sleep(1e9, signal);
        return sight("active");
      },
      ...["--timeout", "90s", ...more],
    );
    await clock.advance(89_999);
    expect(said).toHaveLength(2);
    await clock.advance(1);
    expect(await code).toBe(1);
    expect(said).toHaveLength(3);
    expect(said[2]).toBe(line);
    expect(clock.pending).toBe(0);
  });

  test("ends at its timeout where the work never settles, and hears nothing of it afterwards", async () => {
    let tell = (_sight: Sight): void => undefined;
    const { code, clock, said } = wait(
      async (see) => {
        tell = see;
        return await new Promise(() => undefined);
      },
      "--timeout",
      "1s",
    );
    await clock.advance(1_000);
    expect(await code).toBe(1);
    tell(sight("down"));
    expect(said).toEqual(["gave up on the thing after 1s: no answer yet"]);
  });

  test("that waiting cannot help ends with 1, and says so", async () => {
    const { code, said } = wait(async (see) => {
      see(sight("refused"));
      await Promise.resolve(undefined);
    });
    expect(await code).toBe(1);
    expect(said).toEqual(["waiting: refused", "gave up on the thing: waiting does not help"]);
  });

  test.each([[[]], [["--timeout", "1h"]]])("rejects as soon as the process is to end (%j)", async (argv) => {
    const { code, clock, end } = wait(
      async (_see, signal, clock) => {
        await clock.sleep(1e9, signal);
        return undefined;
      },
      ...argv,
    );
    const ended = expect(code).rejects.toMatchObject({ name: "AbortError" });
    end();
    await ended;
    expect(clock.pending).toBe(0);
  });
});

describe("wait nmi", () => {
  const flags = COMMANDS.find(({ name }) => name === "wait nmi")?.flags ?? [];
  const environment = { HOST_IP: "10.240.0.4" };
  type Answer = Partial<Awaited<ReturnType<HttpProbe>>> | "hang";

  function start(health: () => Answer, ...argv: readonly string[]) {
    const asked: string[] = [];
    const probe: HttpProbe = async (url) => {
      asked.push(url);
      const answer = url.endsWith("/healthz") ? health() : { status: 400 };
      if (answer === "hang") return await new Promise(() => undefined);
      return await Promise.resolve({ status: 200, server: undefined, body: "", ...answer });
    };
    const io = testIo({ environment, probe });
    return { ...io, asked, code: waitNmi(parseFlags(argv, flags).values, io) };
  }

  test.each([
    [[], 1_000],
    [["--interval", "3s"], 3_000],
    // NMI serves the whole node.
    [["--interval", "250ms"], 1_000],
  ])("looks at once, and then once each interval (%j)", async (argv, intervalMs) => {
    const { clock, asked, end, code } = start(() => ({ body: "Not Active" }), ...argv);
    await clock.advance(0);
    expect(asked).toHaveLength(1);
    await clock.advance(intervalMs - 1);
    expect(asked).toHaveLength(1);
    await clock.advance(1);
    expect(asked).toHaveLength(2);
    await clock.advance(8 * intervalMs);
    expect(asked).toHaveLength(10);
    const ended = expect(code).rejects.toThrow();
    end();
    await ended;
  });

  test("ends once NMI is active and answers on the token path", async () => {
    let body = "Not Active";
    const { clock, said, code } = start(() => ({ body }));
    await clock.advance(2_500);
    body = "Active";
    await clock.advance(500);
    expect(await code).toBe(0);
    expect(said).toHaveLength(2);
    expect(said[0]).toMatch(
      /^waiting: not-active: http:\/\/10\.240\.0\.4:8085\/healthz answered Not Active\./u,
    );
    expect(said[1]).toBe("ok: NMI is active and answers token requests (after 3s)");
  });

  test("takes an endpoint that hangs for one that does not answer, and asks again", async () => {
    const answers: Answer[] = ["hang", { body: "Active" }];
    const { clock, said, code } = start(() => answers.shift() ?? {});
    await clock.advance(5_000);
    expect(said[0]).toMatch(/^waiting: health-timeout: /u);
    await clock.advance(1_000);
    expect(await code).toBe(0);
  });
});
