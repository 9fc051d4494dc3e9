import { describe, expect, test } from "vitest";
import { checkNmi } from "../../src/cli/check-nmi.js";
import { COMMANDS } from "../../src/cli/command-table.js";
import { parseFlags } from "../../src/cli/parse-flags.js";
import type { HttpProbe } from "../../src/gate/http-probe.js";
import { testIo } from "./cli-io.js";

const flags = COMMANDS.find(({ name }) => name === "check nmi")?.flags ?? [];
const IMDS = "IMDS/150.870.65.1854";

type Answer = Partial<Awaited<ReturnType<HttpProbe>>> | string;

/** `hang` is an endpoint that never answers; any other text the code of a failed connection. */
function check(
  node: { readonly health?: Answer; readonly route?: Answer; readonly sinceStart?: number },
  ...argv: readonly string[]
) {
  const { health = { body: "Active" }, route = { status: 400 }, sinceStart = 0 } = node;
  const asked: string[] = [];
  const probe: HttpProbe = async (url) => {
    asked.push(url);
    const answer = url === "http://10.240.0.4:8085/healthz" ? health : route;
    if (answer === "hang") return await new Promise(() => undefined);
    if (typeof answer === "string") throw Object.assign(new Error("x"), { code: answer });
    return await Promise.resolve({ status: 200, server: undefined, body: "", ...answer });
  };
  const io = testIo({ environment: { HOST_IP: "10.240.0.4" }, probe, sinceStart: () => sinceStart });
  return { ...io, asked, code: checkNmi(parseFlags(argv, flags).values, io) };
}

describe("check nmi", () => {
  test.each<[string, Parameters<typeof check>[0], number, RegExp]>([
    ["active", {}, 0, /^ok: NMI is active and answers token requests$/u],
    ["not active, unlike a look at the status", { health: { body: "Not Active" } }, 1, /^not-active: /u],
    ["down", { health: "ECONNREFUSED" }, 1, /^health-refused: no connection to /u],
    ["nowhere", { health: "EHOSTUNREACH" }, 1, /^health-unreachable: /u],
    ["something else", { health: { status: 404, body: "?" } }, 1, /^health-unexpected: .* answered 404/u],
    ["active, and IMDS answers", { route: { status: 400, server: IMDS } }, 1, /^route-bypassed: /u],
    ["active, and nobody answers", { route: "ECONNRESET" }, 1, /^route-unreachable: /u],
    [
      "active, and who answers is unclear",
      { route: { status: 500 } },
      0,
      /^ok: NMI is active; the token path answered 500/u,
    ],
  ])("sees NMI %s", async (_what, node, exit, line) => {
    const { code, said } = check(node);
    expect(await code).toBe(exit);
    expect(said).toHaveLength(1);
    expect(said[0]).toMatch(line);
  });

  test("asks each once, and no more than that", async () => {
    const { code, asked } = check({});
    await code;
    expect(asked).toEqual([
      "http://10.240.0.4:8085/healthz",
      "http://169.254.169.254/metadata/identity/oauth2/token",
    ]);
  });

  test("asks about the route only where NMI is active", async () => {
    const { code, asked } = check({ health: { body: "Not Active" } });
    await code;
    expect(asked).toHaveLength(1);
  });

  test("says what to do where it fails", async () => {
    const { code, said } = check({ route: { status: 400, server: IMDS } }, "--json");
    await code;
    const seen = JSON.parse(said[0] ?? "") as { readonly remedy?: string };
    expect(seen).toMatchObject({ state: "closed", reason: "route-bypassed", permanent: false });
    expect(seen.remedy).toMatch(/\w+ \w+/u);
  });
});

describe("its time", () => {
  test.each([
    { argv: [], sinceStart: 0, leftMs: 900 },
    // What the kubelet waits for begins with the process.
    { argv: [], sinceStart: 200, leftMs: 700 },
    { argv: ["--timeout", "2s"], sinceStart: 200, leftMs: 1_700 },
    { argv: ["--timeout", "100ms"], sinceStart: 400, leftMs: 100 },
  ])("ends before the kubelet's does: %j", async ({ argv, sinceStart, leftMs }) => {
    const { code, clock, said } = check({ health: "hang", sinceStart }, ...argv);
    await clock.advance(leftMs - 1);
    expect(said).toEqual([]);
    await clock.advance(1);
    expect(await code).toBe(1);
    expect(said[0]).toMatch(/^health-timeout: /u);
    expect(clock.pending).toBe(0);
  });

  test("is that of both answers together", async () => {
    const { code, clock, said } = check({ route: "hang" }, "--json");
    await clock.advance(950);
    expect(await code).toBe(1);
    expect(JSON.parse(said[0] ?? "")).toMatchObject({ state: "closed" });
  });

  test("is over as soon as the process is told to end", async () => {
    const { code, end, said } = check({ health: "hang" });
    const ended = expect(code).rejects.toMatchObject({ name: "AbortError" });
    end();
    await ended;
    expect(said).toEqual([]);
  });
});
