import { describe, expect, it, vi } from "vitest";
import { isGuardError } from "../../src/errors.js";
import { createProbeHandler } from "../../src/probes/probe-handler.js";
import { probeReport } from "../../src/probes/probe-report.js";
import { ask, endpointOf, Told } from "./endpoint.js";

const ready = (): Told => new Told().open();

describe("the endpoint", () => {
  it("serves every probe and the metrics", async () => {
    const endpoint = endpointOf(ready());
    for (const path of ["/startupz", "/readyz", "/livez", "/healthz"]) {
      expect(await ask(endpoint, path)).toMatchObject({ status: 200, body: "ok" });
    }
    expect((await ask(endpoint, "/metrics"))?.headers["content-type"]).toContain("version=0.0.4");
  });

  it.each(["/", "/readyz/", "/readyzz", "/ready", "/metrics/x", "//readyz", ""])(
    "has nothing to say at %j",
    async (path) => {
      expect(await ask(endpointOf(ready()), path)).toBeUndefined();
    },
  );

  it("serves under a prefix, and there alone", async () => {
    const endpoint = endpointOf(ready(), { prefix: "/internal/health" });
    expect(await ask(endpoint, "/internal/health/readyz?verbose")).toMatchObject({ status: 200 });
    expect(await ask(endpoint, "/readyz")).toBeUndefined();
    expect(await ask(endpoint, "/internal/healthreadyz")).toBeUndefined();
  });

  it.each([
    ["startup", false],
    ["ready", false],
    ["live", true],
  ] as const)("says of %s what it waits for where a credential is to come", (probe, passed) => {
    const nobody = { probe, snapshots: [], drained: false, checks: [], exclude: [] };
    const report = probeReport({ ...nobody, awaited: true });
    expect(report.passed).toBe(passed);
    expect(report.lines).toContainEqual(
      expect.objectContaining({ name: "token", passed, reason: "no-credential-yet" }),
    );
    expect(probeReport({ ...nobody, awaited: false }).passed).toBe(true);
  });

  it("is never cached", async () => {
    for (const path of ["/readyz", "/metrics"]) {
      expect((await ask(endpointOf(new Told()), path))?.headers).toMatchObject({
        "cache-control": "no-store",
      });
    }
  });

  it("takes GET and HEAD and no other method", async () => {
    expect(await ask(endpointOf(ready()), "/readyz", { method: "HEAD" })).toMatchObject({ status: 200 });
    expect(await ask(endpointOf(ready()), "/readyz", { method: "POST" })).toMatchObject({
      status: 405,
      headers: { allow: "GET, HEAD" },
    });
  });

  it.each([
    [undefined, "text/plain; charset=utf-8"],
    ["*/*", "text/plain; charset=utf-8"],
    ["text/html,application/xhtml+xml,*/*;q=0.8", "text/plain; charset=utf-8"],
    ["application/health+json", "application/health+json"],
    ["text/plain;q=0.5, application/json", "application/health+json"],
    ["application/health+json;q=0", "text/plain; charset=utf-8"],
  ])("answers Accept %s with %s", async (accept, type) => {
    const answer = await ask(endpointOf(ready()), "/readyz", accept === undefined ? {} : { accept });
    expect(answer?.headers["content-type"]).toBe(type);
  });

  it("names the credential of a line where there are several, and excludes by either name", async () => {
    const good = ready();
    const bad = new Told({ clock: good.clock, name: "orders" }).open().closed();
    const endpoint = endpointOf([good, bad]);
    expect(await ask(endpoint, "/readyz")).toMatchObject({
      status: 503,
      body: expect.stringContaining("[+]gate:ManagedIdentityCredential ok\n") as string,
    });
    expect((await ask(endpoint, "/readyz"))?.body).toContain("[-]gate:orders failed: health-refused\n");
    expect(await ask(endpoint, "/readyz?exclude=gate:orders")).toMatchObject({ status: 200 });
    expect(await ask(endpoint, "/readyz?exclude=gate")).toMatchObject({ status: 200 });
    expect(await ask(endpoint, "/readyz?exclude=gate:ManagedIdentityCredential")).toMatchObject({
      status: 503,
    });
  });

  it("keeps what a gate of the application's own says on one line", async () => {
    const told = new Told({ details: true }).open().closed("first\n[+]gate ok\r\n");
    expect((await ask(endpointOf(told), "/readyz"))?.body.split("\n")).toEqual([
      "[-]gate failed: health-refused: first [+]gate ok ",
      "[+]token ok",
      "[+]shutdown ok",
      "readyz check failed",
      "",
    ]);
  });
});

describe("checks of the application", () => {
  const hang = async (): Promise<never> => await new Promise(() => undefined);

  it("join readiness by default, and only the probes that they name", async () => {
    const endpoint = endpointOf(ready(), {
      checks: [
        { name: "queue", check: () => false },
        { name: "disk", check: () => Promise.reject(new Error("full")), probes: ["startup"] },
      ],
    });
    expect((await ask(endpoint, "/readyz"))?.body).toContain("[-]queue failed: failed\n");
    expect((await ask(endpoint, "/readyz"))?.body).not.toContain("disk");
    expect((await ask(endpoint, "/startupz"))?.body).toContain("[-]disk failed: failed\n");
    expect(await ask(endpoint, "/livez")).toMatchObject({ status: 200 });
  });

  it("pass unless they throw, reject or give false", async () => {
    const endpoint = endpointOf(ready(), {
      checks: [
        { name: "nothing", check: () => undefined },
        { name: "value", check: async () => 0 },
      ],
    });
    expect(await ask(endpoint, "/readyz")).toMatchObject({ status: 200 });
  });

  it("are not run where the request excludes them", async () => {
    const check = vi.fn();
    const endpoint = endpointOf(ready(), { checks: [{ name: "queue", check }] });
    expect((await ask(endpoint, "/readyz?verbose&exclude=queue"))?.body).toContain("[+]queue excluded: ok\n");
    expect(check).not.toHaveBeenCalled();
  });

  it("run in parallel, and once a second for everybody", async () => {
    const told = ready();
    const release: (() => void)[] = [];
    const slow = vi.fn(async () => await new Promise<void>((resolve) => release.push(resolve)));
    const endpoint = endpointOf(told, {
      checks: [
        { name: "one", check: slow },
        { name: "two", check: slow },
      ],
    });
    const asked = [ask(endpoint, "/readyz"), ask(endpoint, "/readyz")];
    await told.clock.advance(0);
    expect(slow).toHaveBeenCalledTimes(2);
    for (const each of release) each();
    await Promise.all(asked);
    await told.clock.advance(999);
    await ask(endpoint, "/readyz");
    expect(slow).toHaveBeenCalledTimes(2);
    await told.clock.advance(1);
    const later = ask(endpoint, "/readyz");
    await told.clock.advance(0);
    expect(slow).toHaveBeenCalledTimes(4);
    for (const each of release) each();
    await later;
  });

  it("that hang fail readiness at their time limit, abort their signal and never delay liveness", async () => {
    const told = ready();
    const signals: AbortSignal[] = [];
    const check = vi.fn(async ({ abortSignal }: { abortSignal: AbortSignal }) => {
      signals.push(abortSignal);
      return await hang();
    });
    const endpoint = endpointOf(told, {
      checks: [{ name: "stuck", check, probes: ["ready", "live"], timeoutMs: 500 }],
    });
    const live = endpoint.respond({ method: "GET", url: "/livez", accept: undefined });
    expect(live).toMatchObject({ status: 200, body: "ok" });
    const asked = ask(endpoint, "/readyz");
    await told.clock.advance(499);
    expect(signals[0]?.aborted).toBe(false);
    await told.clock.advance(1);
    expect((await asked)?.body).toContain("[-]stuck failed: timed-out\n");
    expect(signals[0]?.aborted).toBe(true);
    // Liveness tells of the last run, still at once.
    expect(endpoint.respond({ method: "GET", url: "/livez", accept: undefined })).toMatchObject({
      status: 503,
    });
  });

  it("that ignore their signal do not pile up, and are tried again after half a minute", async () => {
    const told = ready();
    const check = vi.fn(hang);
    const endpoint = endpointOf(told, { checks: [{ name: "stuck", check, timeoutMs: 100 }] });
    for (let second = 0; second < 29; second++) {
      const asked = ask(endpoint, "/readyz");
      await told.clock.advance(1_000);
      expect(await asked).toMatchObject({ status: 503 });
    }
    expect(check).toHaveBeenCalledTimes(1);
    await told.clock.advance(2_000);
    check.mockResolvedValueOnce(undefined as never);
    expect((await ask(endpoint, "/readyz"))?.body).toBe("ok");
    expect(check).toHaveBeenCalledTimes(2);
  });

  it("show what they threw only with details, redacted", async () => {
    const token = `eyJhbGciOiJub25lIn0.${"a".repeat(60)}.c2ln`;
    const checks = [{ name: "db", check: () => Promise.reject(new Error(`10.0.0.9 refused ${token}`)) }];
    expect((await ask(endpointOf(ready(), { checks }), "/readyz"))?.body).toContain("[-]db failed: failed\n");
    const shown = (await ask(endpointOf(ready(), { checks, details: true }), "/readyz"))?.body ?? "";
    expect(shown).toContain("[-]db failed: failed: 10.0.0.9 refused");
    expect(shown).not.toContain("a".repeat(41));
  });
});

describe("bad arguments", () => {
  it.each<[string, () => unknown]>([
    ["options in the place of the target", () => createProbeHandler({ prefix: "/x" } as never)],
    ["a target that is none", () => createProbeHandler([null] as never)],
    ["a prefix without a slash", () => createProbeHandler(undefined, { prefix: "health" })],
    ["a prefix with a slash at its end", () => createProbeHandler(undefined, { prefix: "/health/" })],
    [
      "a check that is no function",
      () => createProbeHandler(undefined, { checks: [{ name: "x", check: 1 as never }] }),
    ],
    [
      "a check called gate",
      () => createProbeHandler(undefined, { checks: [{ name: "gate", check: () => true }] }),
    ],
    [
      "two checks of one name",
      () =>
        createProbeHandler(undefined, {
          checks: [
            { name: "x", check: () => true },
            { name: "x", check: () => true },
          ],
        }),
    ],
    [
      "a probe that is none",
      () =>
        createProbeHandler(undefined, {
          checks: [{ name: "x", check: () => true, probes: ["readyz" as never] }],
        }),
    ],
    [
      "a time limit of NaN",
      () => createProbeHandler(undefined, { checks: [{ name: "x", check: () => true, timeoutMs: NaN }] }),
    ],
    ["details that are no boolean", () => createProbeHandler(undefined, { details: "yes" as never })],
  ])("%s are refused, by name", (_what, make) => {
    let thrown: unknown;
    try {
      make();
    } catch (error) {
      thrown = error;
    }
    expect(isGuardError(thrown, "ERR_GUARD_CONFIGURATION")).toBe(true);
  });
});
