import { afterEach, describe, expect, it, vi } from "vitest";
import { resolveOptions } from "../../src/config/options.js";
import { IdentityGuardError, isGuardError } from "../../src/errors.js";
import { createGuard } from "../../src/guard/guard.js";
import type { GuardedCredential } from "../../src/guard/guarded-credential.js";
import { outcome, refused, RIGHT, SCOPE, tokenAnswer, unsignedToken, World, WRONG } from "./world.js";

const credentials: GuardedCredential[] = [];
function made(world: World, ...args: Parameters<World["credential"]>): GuardedCredential {
  const credential = world.credential(...args);
  credentials.push(credential);
  return credential;
}
afterEach(async () => {
  await Promise.all(credentials.splice(0).map(async (credential) => await credential.close()));
});

const claimsOf = (token: string): string => Buffer.from(token.split(".")[1]!, "base64url").toString();
const active = (): { status: number; server: undefined; body: string } => ({
  status: 200,
  server: undefined,
  body: "Active",
});
const imds = (): { status: number; server: string; body: string } => ({
  status: 400,
  server: "IMDS/150.870.65.1854",
  body: "",
});
const pinned = { expect: { objectId: RIGHT } };
const ungated = { gate: "none", ...pinned } as const;

async function errorOf(promise: Promise<unknown>): Promise<IdentityGuardError> {
  const result = await outcome(promise);
  if (typeof result === "string" || !("error" in result) || !(result.error instanceof IdentityGuardError)) {
    throw new Error(`expected an IdentityGuardError, got ${JSON.stringify(result)}`);
  }
  return result.error;
}

/** Calls, watches for the rejection, and lets `ms` pass. */
async function after<T>(world: World, ms: number, call: Promise<T>): Promise<T> {
  call.catch(() => undefined);
  await world.clock.advance(ms);
  return await call;
}

describe("a call", () => {
  it("returns the token of a healthy plane after one request, and then from memory", async () => {
    const world = new World();
    const credential = made(world, pinned);
    await after(world, 0, credential.getToken(SCOPE));
    await credential.getToken([SCOPE]);
    await credential.getToken("https://vault.azure.net", { enableCae: true, tenantId: "any" });
    expect(world.requests).toBe(1);
    expect(credential.health.snapshot().state).toBe("ready");
  });

  it("asks for nothing while the gate is closed, and has the token soon after it opened", async () => {
    const world = new World();
    world.health = () => refused();
    const pending = made(world).getToken(SCOPE);
    await world.clock.advance(10_000);
    expect(world.requests).toBe(0);
    expect(await outcome(pending)).toBe("pending");
    world.health = active;
    await world.clock.advance(2_000);
    expect(await outcome(pending)).toHaveProperty("value");
  });

  it("ends with the closed gate when the budget does", async () => {
    const world = new World();
    world.health = () => refused();
    const pending = await after(
      world,
      80_000,
      made(world)
        .getToken(SCOPE)
        .catch((error: unknown) => error),
    );
    expect(isGuardError(pending, "ERR_GUARD_GATE_CLOSED")).toBe(true);
  });

  it("refuses another identity's token, and returns the right one when it comes", async () => {
    const world = new World();
    world.token = (n) => tokenAnswer(world.clock.now(), { oid: n < 3 ? WRONG : RIGHT, serial: n });
    const token = await after(world, 4_000, made(world, pinned).getToken(SCOPE));
    expect(claimsOf(token.token)).toContain(RIGHT);
    expect(world.requests).toBe(3);
  });

  it("says whose token came when the budget ends over it", async () => {
    const world = new World();
    world.token = () => tokenAnswer(world.clock.now(), { oid: WRONG });
    const call = made(world, pinned).getToken(SCOPE);
    call.catch(() => undefined);
    await world.clock.advance(80_000);
    const error = await errorOf(call);
    expect(error.code).toBe("ERR_GUARD_IDENTITY_MISMATCH");
    expect(error.details).toMatchObject({ mismatches: [{ claim: "oid", saw: WRONG, expected: [RIGHT] }] });
  });

  it("refuses a token that IMDS issued while the gate looked open", async () => {
    const world = new World();
    world.token = () => tokenAnswer(world.clock.now(), { by: "imds" });
    const call = made(world).getToken(SCOPE);
    call.catch(() => undefined);
    await world.clock.advance(80_000);
    expect((await errorOf(call)).code).toBe("ERR_GUARD_BYPASS");
  });

  it("refuses a token when the gate closed while it was on its way", async () => {
    const world = new World();
    world.token = async () => {
      await world.clock.sleep(3_000);
      if (world.requests === 1) world.route = imds;
      return tokenAnswer(world.clock.now());
    };
    const credential = made(world);
    const rejected = vi.fn();
    credential.health.on("rejected", rejected);
    const call = credential.getToken(SCOPE);
    await world.clock.advance(4_000);
    expect(await outcome(call)).toBe("pending");
    expect(rejected).toHaveBeenCalledWith(expect.objectContaining({ reason: "gate-closed" }));
    world.route = () => ({ status: 400, server: undefined, body: "" });
    await world.clock.advance(20_000);
    expect(await outcome(call)).toHaveProperty("value");
  });

  it("starts 4 retries although every attempt hangs for its whole timeout", async () => {
    const world = new World();
    world.token = async () => await new Promise<never>(() => undefined);
    const call = made(world, ungated).getToken(SCOPE);
    call.catch(() => undefined);
    await world.clock.advance(79_999);
    expect(await outcome(call)).toBe("pending");
    await world.clock.advance(1);
    const error = await errorOf(call);
    expect(error.code).toBe("ERR_GUARD_BUDGET_SPENT");
    expect(world.requests).toBeGreaterThanOrEqual(5);
  });

  it("is refused at once for a permanent failure, and from memory right afterwards", async () => {
    const world = new World();
    world.token = () => ({
      status: 400,
      headers: { server: "IMDS/1" },
      body: JSON.stringify({ error: "invalid_resource", error_description: "AADSTS50001: not found" }),
    });
    const credential = made(world, ungated);
    expect((await errorOf(credential.getToken(SCOPE))).code).toBe("ERR_GUARD_REJECTED");
    expect((await errorOf(credential.getToken(SCOPE))).code).toBe("ERR_GUARD_REJECTED");
    expect(world.requests).toBe(1);
    await after(
      world,
      1_000,
      credential.getToken(SCOPE).catch(() => undefined),
    );
    await outcome(credential.getToken(SCOPE));
    expect(world.requests).toBe(2);
  });
});

describe("sharing", () => {
  it("makes one request for a thousand callers of sixty instances", async () => {
    const world = new World();
    const instances = Array.from({ length: 60 }, () => made(world, pinned));
    const calls = Array.from({ length: 1_000 }, async (_each, n) => await instances[n % 60]!.getToken(SCOPE));
    await world.clock.advance(0);
    expect(new Set((await Promise.all(calls)).map(({ token }) => token)).size).toBe(1);
    expect(world.requests).toBe(1);
  });

  it("keeps identities and expectations apart", async () => {
    const world = new World();
    const a = made(world, ungated, {}, { clientId: "33333333-3333-4333-8333-333333333333" });
    const b = made(world, ungated, {}, { clientId: "44444444-4444-4444-8444-444444444444" });
    const c = made(world, { gate: "none" }, {}, { clientId: "44444444-4444-4444-8444-444444444444" });
    await Promise.all([a.getToken(SCOPE), b.getToken(SCOPE), c.getToken(SCOPE)]);
    expect(world.requests).toBe(3);
  });

  it("gives callers with short deadlines a token that takes longer than each of them waits", async () => {
    const world = new World();
    world.token = async () => {
      await world.clock.sleep(1_500);
      return tokenAnswer(world.clock.now());
    };
    const credential = made(world, ungated);
    const outcomes: string[] = [];
    for (let n = 0; n < 3; n++) {
      const aborting = new AbortController();
      const call = credential.getToken(SCOPE, { abortSignal: aborting.signal }).then(
        () => "token",
        (error: unknown) => (error as Error).name,
      );
      await world.clock.advance(700);
      aborting.abort();
      outcomes.push(await call);
    }
    expect(outcomes).toEqual(["AbortError", "AbortError", "token"]);
    expect(world.requests).toBe(1);
  });

  it("leaves other callers alone when one aborts", async () => {
    const world = new World();
    world.token = async () => {
      await world.clock.sleep(1_000);
      return tokenAnswer(world.clock.now());
    };
    const credential = made(world, ungated);
    const aborting = new AbortController();
    const first = credential.getToken(SCOPE, { abortSignal: aborting.signal });
    const second = credential.getToken(SCOPE);
    first.catch(() => undefined);
    aborting.abort();
    await expect(first).rejects.toHaveProperty("name", "AbortError");
    await world.clock.advance(1_000);
    expect(await outcome(second)).toHaveProperty("value");
    expect(world.requests).toBe(1);
  });
});

describe("a cached token", () => {
  async function warmed(world: World, lifeMs: number): Promise<GuardedCredential> {
    world.token = (n) => tokenAnswer(world.clock.now(), { lifeMs, serial: n });
    const credential = made(world, pinned);
    await after(world, 0, credential.getToken(SCOPE));
    return credential;
  }

  it("is served throughout an outage of hours", async () => {
    const world = new World();
    const credential = await warmed(world, 86_400_000);
    world.health = () => refused();
    world.token = () => ({ status: 503, body: "no" });
    for (let hour = 0; hour < 23; hour++) {
      world.clock.jump(3_540_000);
      await world.clock.advance(60_000);
      expect(await outcome(credential.getToken(SCOPE))).toHaveProperty("value");
    }
    expect(credential.health.snapshot().state).toBe("degraded");
  });

  it("is refreshed in the background past half of its life, once a minute at most", async () => {
    const world = new World();
    const credential = await warmed(world, 86_400_000);
    const first = await credential.getToken(SCOPE);
    world.clock.jump(44_000_000);
    world.token = () => ({ status: 500, body: "no" });
    expect((await credential.getToken(SCOPE)).token).toBe(first.token);
    await world.clock.advance(1_000);
    world.token = (n) => tokenAnswer(world.clock.now(), { serial: n });
    await world.clock.advance(10_000);
    expect((await credential.getToken(SCOPE)).token).not.toBe(first.token);
  });

  it("with under 5 min of life waits for one attempt, then serves", async () => {
    const world = new World();
    const credential = await warmed(world, 3_600_000);
    const first = await credential.getToken(SCOPE);
    world.clock.jump(3_600_000 - 200_000);
    world.token = async () => await new Promise<never>(() => undefined);
    await world.clock.advance(2_000);
    const call = credential.getToken(SCOPE);
    await world.clock.advance(14_000);
    expect(await outcome(call)).toBe("pending");
    await world.clock.advance(1_001);
    expect(await call).toHaveProperty("token", first.token);
  });

  it("with under 5 min of life does not wait while the gate is closed", async () => {
    const world = new World();
    const credential = await warmed(world, 3_600_000);
    const first = await credential.getToken(SCOPE);
    world.health = () => refused();
    await world.clock.advance(10_000);
    world.clock.jump(3_600_000 - 200_000);
    const call = credential.getToken(SCOPE);
    await world.clock.advance(0);
    expect(await outcome(call)).toHaveProperty("value.token", first.token);
  });

  it.each([1, 999])(
    "with %i ms of use left is not kept for a refresh that a late timer outlasts",
    async (ms) => {
      const world = new World();
      const credential = await warmed(world, 3_600_000);
      const first = await credential.getToken(SCOPE);
      world.clock.jump(3_600_000 - 30_000 - 2_000 - ms);
      world.token = async () => await new Promise<never>(() => undefined);
      await world.clock.advance(2_000);
      const call = credential.getToken(SCOPE);
      world.clock.jump(ms);
      await world.clock.advance(500);
      expect(await outcome(call)).toHaveProperty("value.token", first.token);
    },
  );

  it.each([1, 2, 3, 4, 5, 6, 7])(
    "is not served where the clock moves past its use at look %i at it",
    async (look) => {
      const world = new World();
      const credential = await warmed(world, 3_600_000);
      const first = await credential.getToken(SCOPE);
      world.clock.jump(3_600_000 - 30_000 - 500);
      world.token = async () => await new Promise<never>(() => undefined);
      let looks = 0;
      const now = world.clock.now.bind(world.clock);
      vi.spyOn(world.clock, "now").mockImplementation(() => {
        if (++looks === look) world.clock.jump(600);
        return now();
      });
      const call = credential.getToken(SCOPE);
      call.catch(() => undefined);
      await world.clock.advance(0);
      expect(looks).toBeGreaterThanOrEqual(look);
      expect(await outcome(call)).not.toHaveProperty("value.token", first.token);
    },
  );

  it("is not served with under 30 s of life", async () => {
    const world = new World();
    const credential = await warmed(world, 3_600_000);
    const first = await credential.getToken(SCOPE);
    world.clock.jump(3_600_000 - 29_000);
    const call = credential.getToken(SCOPE);
    await world.clock.advance(3_000);
    expect(await call).not.toHaveProperty("token", first.token);
  });

  it("is bypassed and replaced by a claims challenge", async () => {
    const world = new World();
    const credential = await warmed(world, 86_400_000);
    const call = credential.getToken(SCOPE, { claims: "{}" });
    await world.clock.advance(1_000);
    const { token } = await call;
    expect(world.requests).toBe(2);
    expect((await credential.getToken(SCOPE)).token).toBe(token);
  });

  it("says so when a challenge brings the challenged token again", async () => {
    const world = new World();
    const same = tokenAnswer(world.clock.now());
    world.token = () => same;
    const credential = made(world, pinned);
    const sources: string[] = [];
    credential.health.on("token", ({ source }) => void sources.push(source));
    await after(world, 0, credential.getToken(SCOPE));
    await after(world, 1_000, credential.getToken(SCOPE, { claims: "{}" }));
    expect(sources).toEqual(["acquired", "claims-unchanged"]);
  });
});

describe("without an expectation", () => {
  it("reports a change of identity and does not refuse it", async () => {
    const world = new World();
    const credential = made(world);
    const previous: unknown[] = [];
    credential.health.on("token", ({ previousIdentity }) => void previous.push(previousIdentity?.objectId));
    await after(world, 0, credential.getToken(SCOPE));
    world.token = () => tokenAnswer(world.clock.now(), { oid: WRONG });
    await after(world, 1_000, credential.getToken(SCOPE, { claims: "{}" }));
    expect(previous).toEqual([undefined, RIGHT]);
  });
});

describe("warm-up", () => {
  it("gets and keeps a token without any caller, and readiness waits for it", async () => {
    const world = new World();
    world.token = () => ({ status: 500, body: "no" });
    const credential = made(world, { ...pinned, warmUpScopes: [SCOPE] });
    await world.clock.advance(30_000);
    expect(credential.health.snapshot().state).toBe("starting");
    world.token = (n) => tokenAnswer(world.clock.now(), { lifeMs: 3_600_000, serial: n });
    await world.clock.advance(10_000);
    expect(credential.health.snapshot().state).toBe("ready");
    const before = world.requests;
    await world.clock.advance(3_600_000);
    expect(world.requests).toBeGreaterThan(before);
    expect(credential.health.snapshot().state).toBe("ready");
  }, 60_000);

  it("asks again every 60 s after a permanent failure", async () => {
    const world = new World();
    world.token = () => ({
      status: 400,
      body: JSON.stringify({ error: "invalid_resource", error_description: "AADSTS50001" }),
      headers: { server: "IMDS/1" },
    });
    made(world, { ...ungated, warmUpScopes: [SCOPE] });
    await world.clock.advance(0);
    expect(world.requests).toBe(1);
    await world.clock.advance(59_000);
    expect(world.requests).toBe(1);
    await world.clock.advance(1_000);
    expect(world.requests).toBe(2);
  });

  it("on demand has no budget", async () => {
    const world = new World();
    world.health = () => refused();
    const credential = made(world, pinned);
    const warm = credential.warmUp(SCOPE);
    await world.clock.advance(200_000);
    expect(await outcome(warm)).toBe("pending");
    world.health = active;
    await world.clock.advance(3_000);
    expect(await outcome(warm)).toEqual({ value: undefined });
  });
});

describe("close", () => {
  it("ends the instance's waiters only, and with the last instance everything", async () => {
    const world = new World();
    world.token = async () => await new Promise<never>(() => undefined);
    const [first, second] = [made(world, pinned), made(world, pinned)];
    const calls = [first.getToken(SCOPE), second.getToken(SCOPE)] as const;
    for (const call of calls) call.catch(() => undefined);
    await world.clock.advance(100);
    await first.close();
    expect((await errorOf(calls[0])).code).toBe("ERR_GUARD_CLOSED");
    expect(await outcome(calls[1])).toBe("pending");
    await second.close();
    await second.close();
    expect((await errorOf(calls[1])).code).toBe("ERR_GUARD_CLOSED");
    expect(world.clock.pending).toBe(0);
    expect(world.inFlight).toBe(0);
    expect((await errorOf(second.getToken(SCOPE))).code).toBe("ERR_GUARD_CLOSED");
  });
});

describe("a wrapped credential", () => {
  const wrapped = (world: World, getToken: (n: number) => unknown, options = {}): GuardedCredential => {
    let calls = 0;
    const credential = createGuard(
      { getToken: async () => (await getToken(++calls)) as never },
      resolveOptions(options, {}, { gate: "none", expect: "none" }),
      world.ports,
    );
    credentials.push(credential);
    return credential;
  };
  const tokenOf = (world: World, oid: string, serial = 0): object => {
    const expiresOnTimestamp = world.clock.now() + 3_600_000;
    return { token: unsignedToken(oid, expiresOnTimestamp, serial), expiresOnTimestamp };
  };

  it("that returns null is refused for good", async () => {
    const world = new World();
    const call = wrapped(world, () => null).getToken(SCOPE);
    expect((await errorOf(call)).code).toBe("ERR_GUARD_REJECTED");
  });

  it("that returns its wrong token again is named in the error", async () => {
    const world = new World();
    const wrong = tokenOf(world, WRONG);
    const call = wrapped(world, () => wrong, pinned).getToken(SCOPE);
    call.catch(() => undefined);
    await world.clock.advance(80_000);
    const error = await errorOf(call);
    expect(error.code).toBe("ERR_GUARD_IDENTITY_MISMATCH");
    expect(error.message).toContain(
      "in a cache that the guard cannot clear; restart the process, or use the guarded ManagedIdentityCredential)",
    );
  });

  it("that App Service is behind is not told to use a class that would ask through the same cache", async () => {
    vi.stubEnv("IDENTITY_ENDPOINT", "http://127.0.0.1:1/");
    vi.stubEnv("IDENTITY_HEADER", "h");
    const world = new World();
    const wrong = tokenOf(world, WRONG);
    const call = wrapped(world, () => wrong, pinned).getToken(SCOPE);
    vi.unstubAllEnvs();
    call.catch(() => undefined);
    await world.clock.advance(80_000);
    expect((await errorOf(call)).message).toContain("cannot clear; restart the process)");
  });

  it("that ignores its signal runs at most one abandoned attempt beside the next, whose late token serves", async () => {
    const world = new World();
    let running = 0;
    let most = 0;
    const credential = wrapped(
      world,
      async (n) => {
        most = Math.max(most, ++running);
        await world.clock.sleep(n === 1 ? 50_000 : 1_000_000);
        running--;
        return tokenOf(world, RIGHT);
      },
      pinned,
    );
    const call = credential.getToken(SCOPE);
    await world.clock.advance(50_000);
    expect(await outcome(call)).toHaveProperty("value");
    expect(most).toBe(2);
  });

  it("keeps several scopes and all other options of the call", async () => {
    const world = new World();
    const getToken = vi.fn(async () => tokenOf(world, RIGHT));
    const credential = createGuard(
      { getToken: getToken as never },
      resolveOptions(undefined, {}, { gate: "none", expect: "none" }),
      world.ports,
    );
    credentials.push(credential);
    await credential.getToken(["a/x", "a/y"], { tenantId: "t", enableCae: true });
    expect(getToken).toHaveBeenCalledWith(
      ["a/x", "a/y"],
      expect.objectContaining({ tenantId: "t", enableCae: true }),
    );
  });
});

describe("bad input", () => {
  it.each<[string, unknown]>([
    ["no scope", []],
    ["an empty scope", ""],
    ["several scopes for a managed identity", [SCOPE, "https://storage.azure.com/.default"]],
    ["a scope that is no text", 5],
  ])("%s is ERR_GUARD_CONFIGURATION", async (_name, scopes) => {
    const world = new World();
    expect((await errorOf(made(world).getToken(scopes as string))).code).toBe("ERR_GUARD_CONFIGURATION");
    expect(world.requests).toBe(0);
  });

  it("a token that is no JWT is ERR_GUARD_TOKEN_UNVERIFIABLE while something is expected", async () => {
    const world = new World();
    world.token = () => ({
      status: 200,
      body: JSON.stringify({ access_token: "opaque", expires_on: String(world.clock.now() / 1000 + 3_600) }),
    });
    expect((await errorOf(made(world, ungated).getToken(SCOPE))).code).toBe("ERR_GUARD_TOKEN_UNVERIFIABLE");
  });
});
