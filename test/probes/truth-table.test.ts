import { describe, expect, it } from "vitest";
import { PROBE_NAMES, type ProbeName, type ProbePolicy } from "../../src/health/health-report.js";
import type { HealthState } from "../../src/health/health.js";
import { ask, endpointOf, failure, GOOD_TOKEN, POLICY, Told } from "./endpoint.js";

const BAD_TOKEN = { ...GOOD_TOKEN, failure: failure("identity-mismatch"), usableUntil: 0 };
const NEVER_HAD = { name: GOOD_TOKEN.name, verified: false };
const SHORT_TOKEN = (told: Told): typeof GOOD_TOKEN => ({
  ...GOOD_TOKEN,
  usableUntil: told.clock.now() + 600_000,
});

type Numbers = readonly [startup: 200 | 503, ready: 200 | 503, live: 200 | 503];

interface Row {
  readonly name: string;
  readonly state: HealthState;
  readonly make: (told: Told) => void | Promise<void>;
  /** Statuses with `readyWhileDegraded` off, and on. */
  readonly strict: Numbers;
  readonly lenient: Numbers;
  /** The line that fails, by probe. */
  readonly fails: Partial<Record<ProbeName, string>>;
}

const same = (numbers: Numbers): Pick<Row, "strict" | "lenient"> => ({ strict: numbers, lenient: numbers });
const degraded = (told: Told): void =>
  void told
    .open()
    .says({ wanted: [GOOD_TOKEN] })
    .closed();

/** The table of the design's section 6, in its words, one row for each way into a state. */
const ROWS: readonly Row[] = [
  {
    name: "nothing observed yet",
    state: "starting",
    make: () => undefined,
    ...same([503, 503, 200]),
    fails: { startup: "gate failed: not-observed", ready: "gate failed: not-observed" },
  },
  {
    name: "the gate has never been open",
    state: "starting",
    make: (told) => void told.closed(),
    ...same([503, 503, 200]),
    fails: { startup: "gate failed: health-refused", ready: "gate failed: health-refused" },
  },
  {
    name: "the gate has never been open, for an hour",
    state: "starting",
    make: async (told) => await told.closed().clock.advance(3_600_000),
    ...same([503, 503, 200]),
    fails: { startup: "gate failed: health-refused", ready: "gate failed: health-refused" },
  },
  {
    name: "a warm-up scope was never verified",
    state: "starting",
    make: (told) => void told.says({ wantedAtStart: true, wanted: [NEVER_HAD] }).open(),
    ...same([503, 503, 200]),
    fails: { startup: "token failed: not-acquired", ready: "token failed: not-acquired" },
  },
  {
    name: "gate open, nothing wanted",
    state: "ready",
    make: (told) => void told.open(),
    ...same([200, 200, 200]),
    fails: {},
  },
  {
    name: "gate open, wanted tokens valid",
    state: "ready",
    make: (told) => void told.open().says({ wanted: [GOOD_TOKEN] }),
    ...same([200, 200, 200]),
    fails: {},
  },
  {
    name: "gate closed over tokens that last",
    state: "degraded",
    make: degraded,
    strict: [200, 503, 200],
    lenient: [200, 200, 200],
    fails: { ready: "gate failed: health-refused" },
  },
  {
    name: "gate closed over tokens that last, for an hour",
    state: "degraded",
    make: async (told) => {
      degraded(told);
      await told.clock.advance(3_600_000);
    },
    strict: [200, 503, 200],
    lenient: [200, 200, 200],
    fails: { ready: "gate failed: health-refused" },
  },
  {
    name: "gate closed over tokens with 10 min left",
    state: "degraded",
    make: (told) =>
      void told
        .open()
        .says({ wanted: [SHORT_TOKEN(told)] })
        .closed(),
    ...same([200, 503, 200]),
    fails: { ready: "gate failed: health-refused" },
  },
  {
    name: "gate closed, no token, within the grace",
    state: "failing",
    make: async (told) => await told.open().closed().clock.advance(30_000),
    ...same([200, 503, 200]),
    fails: { ready: "gate failed: health-refused" },
  },
  {
    name: "gate closed, no token, longer than the grace",
    state: "failing",
    make: async (told) => await told.open().closed().clock.advance(30_001),
    ...same([200, 503, 503]),
    fails: { ready: "gate failed: health-refused", live: "gate failed: health-refused" },
  },
  {
    name: "another identity's tokens, for an hour",
    state: "failing",
    make: async (told) =>
      await told
        .open()
        .says({ wanted: [BAD_TOKEN] })
        .clock.advance(3_600_000),
    ...same([200, 503, 200]),
    fails: { ready: "token failed: identity-mismatch" },
  },
  {
    name: "drain() was called",
    state: "drained",
    make: (told) => {
      told.open();
      told.health.drain();
    },
    ...same([200, 503, 200]),
    fails: { ready: "shutdown failed: drained" },
  },
  {
    name: "drain() was called before the start was over",
    state: "drained",
    make: (told) => {
      told.closed();
      told.health.drain();
    },
    ...same([200, 503, 200]),
    fails: { ready: "gate failed: health-refused" },
  },
  {
    name: "close() was called",
    state: "closed",
    make: (told) => void told.open().says({ closed: true }),
    ...same([503, 503, 200]),
    fails: { startup: "shutdown failed: closed", ready: "shutdown failed: closed" },
  },
];

const PATHS: Readonly<Record<ProbeName, string>> = { startup: "/startupz", ready: "/readyz", live: "/livez" };

const CASES = ROWS.flatMap((row) =>
  PROBE_NAMES.flatMap((probe, index) =>
    ([false, true] as const).flatMap((readyWhileDegraded) => {
      const status = (readyWhileDegraded ? row.lenient : row.strict)[index] ?? 0;
      return { ...row, probe, readyWhileDegraded, status };
    }),
  ),
);

async function made(row: Pick<Row, "make">, policy: ProbePolicy, details = false): Promise<Told> {
  const told = new Told({ policy, details });
  await row.make(told);
  return told;
}

it("has a row for every state", () => {
  const states: readonly HealthState[] = ["starting", "ready", "degraded", "failing", "drained", "closed"];
  expect([...new Set(ROWS.map(({ state }) => state))]).toEqual(states);
});

describe.each(CASES)("$state ($name), $probe probe, readyWhileDegraded $readyWhileDegraded", (row) => {
  const policy = { ...POLICY, readyWhileDegraded: row.readyWhileDegraded };
  const path = PATHS[row.probe];
  const line = row.fails[row.probe];

  it(`answers ${row.status}`, async () => {
    const told = await made(row, policy);
    const endpoint = endpointOf(told);
    const plain = await ask(endpoint, path);
    expect(told.health.snapshot().state).toBe(row.state);
    expect(plain?.status).toBe(row.status);
    // Kubernetes' way: a word where it passes, every check where it fails.
    if (row.status === 200) expect(plain?.body).toBe("ok");
    else {
      expect(plain?.body.split("\n")).toContain(`[-]${line ?? "no such line"}`);
      expect(plain?.body).toMatch(new RegExp(`\n${path.slice(1)} check failed\n$`));
    }
    expect(await ask(endpoint, `${path}?verbose`)).toMatchObject({ status: row.status });
    expect(await ask(endpoint, path, { accept: "application/health+json" })).toMatchObject({
      status: row.status,
      body: expect.stringContaining(row.status === 200 ? '"status":"' : '"status":"fail"') as string,
    });
  });

  it("passes with everything excluded that fails, and with nothing else", async () => {
    const endpoint = endpointOf(await made(row, policy));
    const verbose = (await ask(endpoint, `${path}?verbose`))?.body ?? "";
    const failed = [...verbose.matchAll(/^\[-\](\S+) failed/gmu)].map(([, name]) => name ?? "");
    const excluding = (names: readonly string[]): string =>
      `${path}?${names.map((n) => `exclude=${n}`).join("&")}`;
    expect((await ask(endpoint, excluding(failed)))?.status).toBe(200);
    for (const kept of failed) {
      expect((await ask(endpoint, excluding(failed.filter((name) => name !== kept))))?.status).toBe(503);
    }
  });
});

describe("liveness", () => {
  it("never fails with a grace of never", async () => {
    for (const row of ROWS) {
      const told = await made(row, { ...POLICY, livenessGraceMs: "never" });
      await told.clock.advance(86_400_000);
      expect((await ask(endpointOf(told), "/livez"))?.status).toBe(200);
    }
  });
});

describe("whole bodies", () => {
  const body = async (name: string, url: string, details = false, accept?: string): Promise<unknown> => {
    const row = ROWS.find((each) => each.name === name);
    if (row === undefined) throw new Error(name);
    const told = await made(row, POLICY, details);
    if (name.startsWith("another")) {
      told.keys.push({ key: GOOD_TOKEN.name, scopes: [], lastFailure: BAD_TOKEN.failure });
    }
    return (await ask(endpointOf(told), url, accept === undefined ? {} : { accept }))?.body;
  };

  it("list what passes and what fails", async () => {
    expect(await body("gate closed, no token, longer than the grace", "/readyz?verbose")).toBe(
      "[-]gate failed: health-refused\n[+]token ok\n[+]shutdown ok\nreadyz check failed\n",
    );
    expect(await body("gate open, nothing wanted", "/healthz?verbose")).toBe(
      "[+]gate ok\n[+]token ok\n[+]shutdown ok\nhealthz check passed\n",
    );
    expect(
      await body("gate closed, no token, within the grace", "/readyz?exclude=gate&exclude=nothing&verbose"),
    ).toBe(
      "[+]gate excluded: ok\n[+]token ok\n[+]shutdown ok\nwarn: nothing to exclude is called nothing\nreadyz check passed\n",
    );
  });

  it("name addresses and identities only with details", async () => {
    expect(await body("gate closed, no token, within the grace", "/readyz", true)).toContain(
      "[-]gate failed: health-refused: no connection to http://10.240.0.4:8085/healthz: ECONNREFUSED\n",
    );
    expect(await body("another identity's tokens, for an hour", "/readyz", true)).toContain(
      "[-]token failed: identity-mismatch: https://vault.azure.net: identity-mismatch of 9c1a2f4e\n",
    );
    for (const { name } of ROWS) {
      for (const accept of [undefined, "application/json"]) {
        expect(await body(name, "/readyz?verbose", false, accept)).not.toMatch(/10\.240|9c1a2f4e|vault/u);
      }
    }
  });

  it("have the structure of application/health+json where that is asked for", async () => {
    const asked = await body(
      "gate closed, no token, within the grace",
      "/readyz",
      true,
      "application/json;q=0.9",
    );
    const check = (status: string, observedValue: string, more: object = {}): object[] => [
      {
        componentId: "ManagedIdentityCredential",
        componentType: "system",
        status,
        observedValue,
        time: "2026-01-01T00:00:30.000Z",
        ...more,
      },
    ];
    expect(JSON.parse(String(asked))).toEqual({
      status: "fail",
      description: "azure-identity-guard: whether work may come in",
      checks: {
        gate: check("fail", "health-refused", {
          output: "no connection to http://10.240.0.4:8085/healthz: ECONNREFUSED",
        }),
        token: check("pass", "valid"),
        shutdown: check("pass", "running"),
      },
    });
  });
});
