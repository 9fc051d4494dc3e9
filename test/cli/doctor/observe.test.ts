import type { AccessToken } from "@azure/core-auth";
import { describe, expect, test } from "vitest";
import { askForToken } from "../../../src/cli/doctor/ask-for-token.js";
import { limitsWithin } from "../../../src/cli/doctor/limits.js";
import { observe, type ObservePorts } from "../../../src/cli/doctor/observe.js";
import type { TokenLook } from "../../../src/cli/doctor/observations.js";
import { guard } from "../../../src/guard/guard.js";
import type { HttpProbe } from "../../../src/gate/http-probe.js";
import type { GuardedCredential } from "../../../src/guard/guarded-credential.js";
import { ManualClock } from "../../../src/testing/manual-clock.js";
import { mintToken } from "../../../src/testing/mint-token.js";

const SCOPE = "https://management.azure.com/.default";
const hang = async (): Promise<never> => await new Promise(() => undefined);
const { signal } = new AbortController();
const LIMITS = limitsWithin(9_000, false);

/** A guarded credential over one that answers as told; its own times are real, and short. */
function credentialOf(getToken: () => Promise<AccessToken>): GuardedCredential {
  return guard({ getToken }, { retry: { delayMs: 1, maxDelayMs: 1 } });
}

async function token(claims: Readonly<Record<string, unknown>> = {}): Promise<AccessToken> {
  const exp = Math.floor(Date.now() / 1_000) + 3_600;
  return { token: await mintToken({ oid: "the-oid", exp, ...claims }), expiresOnTimestamp: exp * 1_000 };
}

describe("asking for a token", () => {
  const ask = async (getToken: () => Promise<AccessToken>, clock = new ManualClock()): Promise<TokenLook> => {
    await using credential = credentialOf(getToken);
    return await askForToken(credential, SCOPE, { clock, limitMs: 5_000, signal });
  };

  test("tells whose it is, and not the token", async () => {
    const given = await token();
    const look = await ask(async () => await Promise.resolve(given));
    expect(look).toMatchObject({ outcome: "token", identity: { objectId: "the-oid" } });
    expect(JSON.stringify(look)).not.toContain(given.token);
  });

  test("takes a second answer for what counts", async () => {
    let asked = 0;
    const look = await ask(async () => {
      asked += 1;
      if (asked === 1) throw new Error("AADSTS700213: by chance");
      return await token();
    });
    expect(look).toMatchObject({ outcome: "token" });
    expect(asked).toBe(2);
  });

  test("ends with the second failure, and says what it means", async () => {
    let asked = 0;
    const look = await ask(async () => {
      asked += 1;
      throw await Promise.resolve(Object.assign(new Error("AADSTS70021: none"), { statusCode: 400 }));
    });
    expect(look).toMatchObject({ outcome: "failed", reason: "federation-pending" });
    expect(asked).toBe(2);
  });

  test("ends at its limit where nobody answers", async () => {
    const clock = new ManualClock();
    const look = ask(hang, clock);
    await clock.advance(5_000);
    expect(await look).toEqual({ outcome: "pending", ms: 5_000 });
  });

  test("ends with the first failure at its limit where the second attempt hangs", async () => {
    const clock = new ManualClock();
    let asked = 0;
    let begun = (): void => undefined;
    const second = new Promise<void>((resolve) => (begun = resolve));
    const look = ask(async () => {
      asked += 1;
      if (asked === 1) throw new Error("AADSTS700016: none");
      begun();
      return await hang();
    }, clock);
    await second;
    await clock.advance(2_000);
    expect(await look).toMatchObject({ outcome: "failed", reason: "application-not-found", ms: 2_000 });
  });
});

describe("looking", () => {
  const POD = {
    KUBERNETES_SERVICE_HOST: "10.0.0.1",
    HOST_IP: "10.240.0.4",
    AZURE_CLIENT_ID: "a9a972a7-cf75-498d-8c03-cf1ba08d8a34",
    AZURE_TENANT_ID: "e9da86d3-51cf-4a76-82d8-c50195c3f466",
    AZURE_FEDERATED_TOKEN_FILE: "/token",
  };
  const ports = (more: Partial<ObservePorts>): ObservePorts => ({
    clock: new ManualClock(),
    environment: POD,
    probe: hang,
    readFile: hang,
    modifiedAt: hang,
    ownAddresses: () => [],
    createCredential: () => credentialOf(hang),
    signal,
    ...more,
  });

  test("comes to an end within 10 s where everything hangs", async () => {
    const clock = new ManualClock();
    const seen = observe(ports({ clock }), { scope: SCOPE, limits: LIMITS });
    await clock.advance(9_000);
    expect(await seen).toMatchObject({
      nmi: { reason: "health-timeout" },
      route: { route: "unreachable" },
      injection: { reason: "token-file-unreadable" },
      entra: { answered: false },
      token: { outcome: "pending" },
    });
  });

  test("comes to an end within a second where that is all there is", async () => {
    const clock = new ManualClock();
    const seen = observe(ports({ clock }), { scope: SCOPE, limits: limitsWithin(1_000, true) });
    await clock.advance(1_000);
    expect(await seen).toMatchObject({
      route: { route: "unreachable" },
      token: { outcome: "pending", ms: 500 },
    });
  });

  test("asks the other usual ports only where the one that was named is not NMI's", async () => {
    const asked: string[] = [];
    const answering =
      (active: string): HttpProbe =>
      async (url) => {
        asked.push(url);
        return await Promise.resolve({
          status: 200,
          server: undefined,
          body: url.includes(active) ? "Active" : "ok",
        });
      };
    const look = async (active: string): Promise<unknown> => {
      asked.length = 0;
      const probe = answering(active);
      const environment = { HOST_IP: "10.240.0.4" };
      const createCredential = (): GuardedCredential => credentialOf(token);
      const all = ports({ probe, environment, createCredential });
      return (await observe(all, { scope: SCOPE, limits: LIMITS })).nmi;
    };
    expect(await look(":8085")).toMatchObject({ reason: "active" });
    expect(asked.filter((url) => url.includes("healthz"))).toEqual(["http://10.240.0.4:8085/healthz"]);
    expect(await look(":8080")).toMatchObject({
      reason: "health-unexpected",
      elsewhere: "http://10.240.0.4:8080/healthz",
    });
  });

  test("asks nobody for a token where the settings cannot be used", async () => {
    const createCredential = (): never => {
      throw new Error("It was made.");
    };
    const environment = { AZURE_IDENTITY_GUARD_GATE: "nmy" };
    const probe: HttpProbe = async () =>
      await Promise.reject(Object.assign(new Error("x"), { code: "ECONNREFUSED" }));
    const seen = await observe(ports({ createCredential, environment, probe }), {
      scope: SCOPE,
      limits: LIMITS,
    });
    expect(seen.token).toEqual({ outcome: "not-asked", why: "the settings cannot be used" });
    expect(seen.settings.problems.map(({ name }) => name)).toEqual(["AZURE_IDENTITY_GUARD_GATE"]);
  });

  test("takes it for no migration proxy that something else listens on its port", async () => {
    const probe: HttpProbe = async () => await Promise.resolve({ status: 200, server: "nginx", body: "ok" });
    const createCredential = (): GuardedCredential => credentialOf(token);
    const seen = await observe(ports({ probe, environment: {}, createCredential }), {
      scope: SCOPE,
      limits: LIMITS,
    });
    expect(seen.proxyPort).toBeUndefined();
  });

  test("rejects with the reason of its signal", async () => {
    const ending = new AbortController();
    const seen = observe(ports({ signal: ending.signal }), { scope: SCOPE, limits: LIMITS });
    ending.abort(new Error("SIGTERM"));
    await expect(seen).rejects.toThrow("SIGTERM");
  });
});
