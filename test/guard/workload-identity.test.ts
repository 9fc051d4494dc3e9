import { beforeEach, describe, expect, it, vi } from "vitest";
import type { EnvironmentValues } from "../../src/config/environment.js";
import type { GuardOptions } from "../../src/config/options.js";
import { isGuardError, type AnyIdentityGuardError } from "../../src/errors.js";
import type { Gate } from "../../src/gate/gate.js";
import { createNmiGate } from "../../src/gate/nmi-gate.js";
import { federated } from "../../src/guard/federation.js";
import type { GuardedCredential } from "../../src/guard/guarded-credential.js";
import {
  managedIdentity,
  type AnyManagedIdentityOptions,
} from "../../src/guard/managed-identity-credential.js";
import { entraError, FakeSdk } from "./fake-identity.js";
import { outcome, refused, RIGHT, SCOPE, unsignedToken, World, WRONG } from "./world.js";

const sdk = vi.hoisted(() => ({ fake: undefined as FakeSdk | undefined }));
vi.mock("../../src/guard/azure-identity.js", () => ({ azureIdentity: () => sdk.fake?.module() }));

const TENANT = "33333333-3333-4333-8333-333333333333";
const PATH = "/var/run/secrets/azure/wi/token/azure-identity-token";
const ISSUER = `https://eastus.oic.prod-aks.azure.com/${TENANT}/${RIGHT}/`;
const SUBJECT = "system:serviceaccount:shop:orders-with-a-service-account-of-a-long-name";
const INJECTED = {
  AZURE_CLIENT_ID: RIGHT,
  AZURE_TENANT_ID: TENANT,
  AZURE_FEDERATED_TOKEN_FILE: PATH,
  AZURE_AUTHORITY_HOST: "https://login.microsoftonline.com/",
};
const NO_RECORD = "No matching federated identity record found for presented assertion";

const segment = (value: object): string => Buffer.from(JSON.stringify(value)).toString("base64url");

let world: World;
let fake: FakeSdk;
beforeEach(() => {
  world = new World();
  fake = sdk.fake = new FakeSdk();
  world.file = () => assertion();
  fake.answer = () => accessToken();
});

function assertion(lifeMs = 3_600_000): string {
  const exp = (world.clock.now() + lifeMs) / 1000;
  const claims = { iss: ISSUER, sub: SUBJECT, aud: ["api://AzureADTokenExchange"], exp };
  return `${segment({ alg: "RS256" })}.${segment(claims)}.c2VjcmV0LXNpZ25hdHVyZQ`;
}

function accessToken(oid = RIGHT, lifeMs = 86_400_000) {
  const expiresOnTimestamp = world.clock.now() + lifeMs;
  return { token: unsignedToken(oid, expiresOnTimestamp, fake.asked.length), expiresOnTimestamp };
}

const credentials: GuardedCredential[] = [];
function workload(guard: GuardOptions = {}, environment: EnvironmentValues = INJECTED, options = {}) {
  const credential = federated(world.context(guard, environment), options);
  credentials.push(credential);
  return credential;
}

async function errorOf(call: Promise<unknown>): Promise<AnyIdentityGuardError> {
  const ended = await outcome(call);
  if (ended === "pending" || !("error" in ended) || !isGuardError(ended.error)) {
    throw new Error(`no guard error: ${JSON.stringify(ended)}`);
  }
  return ended.error;
}

/** A call that nobody need look at while time passes. */
function calling(credential: GuardedCredential): Promise<unknown> {
  const call = credential.getToken(SCOPE);
  call.catch(() => undefined);
  return call;
}

describe("a pod that was not injected", () => {
  const CLASSES: readonly (readonly [
    string,
    (guard: GuardOptions, env: EnvironmentValues) => GuardedCredential,
  ])[] = [
    ["WorkloadIdentityCredential", (guard, env) => federated(world.context(guard, env), {})],
    ["ManagedIdentityCredential", (guard, env) => managedIdentity(world.context(guard, env), {})],
    [
      "ManagedIdentityCredential with a resource ID",
      (guard, env) => managedIdentity(world.context(guard, env), { resourceId: "/subscriptions/s/x" }),
    ],
  ];
  const EXPECTED: readonly (readonly [string, GuardOptions, EnvironmentValues])[] = [
    ["the variable", {}, { AZURE_IDENTITY_GUARD_GATE: "workload-identity" }],
    ["the option", { gate: "workload-identity" }, {}],
    [
      "the variable, with HOST_IP",
      {},
      { AZURE_IDENTITY_GUARD_GATE: "workload-identity", HOST_IP: "10.240.0.4" },
    ],
    ["half of an injection", {}, { AZURE_FEDERATED_TOKEN_FILE: PATH }],
  ];
  const rows = CLASSES.flatMap(([name, make]) =>
    EXPECTED.map(([by, guard, env]) => ({ name, by, make, guard, env })),
  );

  it.each(rows)("is refused at once under $name, expected by $by, and nobody is asked", async (row) => {
    await using credential = row.make(row.guard, row.env);
    const call = calling(credential);
    await world.clock.advance(0);
    const error = await errorOf(call);
    expect(error).toMatchObject({
      code: "ERR_GUARD_GATE_CLOSED",
      details: { gate: "workload-identity", reason: "not-injected", permanent: true },
    });
    expect(error.message).toContain("AZURE_CLIENT_ID, AZURE_TENANT_ID");
    expect(error.message).toContain('label the pod azure.workload.identity/use: "true"');
    expect(error.message).toContain("azure.workload.identity/client-id");
    expect(error.message).toContain("recreate the pod");
    expect([fake.made, fake.asked, world.requests, world.routeProbes]).toEqual([[], [], 0, 0]);
  });

  it("lacks readiness, and is not restarted for it", async () => {
    await using credential = workload({ gate: "workload-identity", warmUpScopes: [SCOPE] }, {});
    await world.clock.advance(120_000);
    expect(credential.health.snapshot().probes).toEqual({ startup: false, ready: false, live: true });
    expect(world.requests).toBe(0);
  });

  it("is refused at construction where no gate would say so", () => {
    const refuse = Object.assign(new Error("clientId is a required parameter"), {
      name: "CredentialUnavailableError",
    });
    const Refusing = function (): never {
      throw refuse;
    };
    vi.spyOn(fake, "module").mockReturnValue({ WorkloadIdentityCredential: Refusing });
    expect(() => workload({ gate: "none", expect: { objectId: RIGHT } }, {})).toThrow(
      expect.objectContaining({ code: "ERR_GUARD_CONFIGURATION" }),
    );
  });
});

describe("the gate of a WorkloadIdentityCredential", () => {
  it.each<[string, GuardOptions, EnvironmentValues, string | undefined]>([
    ["auto, injected", {}, INJECTED, "workload-identity"],
    ["auto, given by options", {}, {}, "workload-identity"],
    [
      "auto, beside NMI",
      {},
      { AZURE_IDENTITY_GUARD_NMI_URL: "http://10.0.0.4:8085/healthz" },
      "workload-identity",
    ],
    ["by name", { gate: "workload-identity" }, INJECTED, "workload-identity"],
    ["the name of another plane", { gate: "nmi", nmi: { hostIp: "10.240.0.4" } }, INJECTED, undefined],
    ["none", { gate: "none", expect: { objectId: RIGHT } }, INJECTED, undefined],
  ])("is, for %s, as it should be", async (_name, guard, environment, expected) => {
    const options = { clientId: RIGHT, tenantId: TENANT, tokenFilePath: PATH };
    await using credential = workload(guard, environment, options);
    expect(credential.health.snapshot().gateName).toBe(expected);
  });

  it("may be the application's own", async () => {
    const gate: Gate = {
      name: "mine",
      check: async () => ({ state: "open", reason: "custom:y", observedAt: 0 }),
    };
    await using credential = workload({ gate });
    expect(credential.health.snapshot().gateName).toBe("mine");
  });

  it("is none for NMI's that the application gave", async () => {
    const where = { url: "http://10.240.0.4:8085/healthz", metadataUrl: "http://169.254.169.254" };
    await using credential = workload({ gate: createNmiGate(where, world.ports) });
    expect(credential.health.snapshot().gateName).toBeUndefined();
    await calling(credential);
    expect(world.healthChecks).toBe(0);
  });

  it("looks at what options say, and not at what variables say", async () => {
    const other = { clientId: WRONG, tokenFilePath: "/other" };
    const paths: string[] = [];
    const ports = {
      ...world.ports,
      readFile: async (path: string) => {
        paths.push(path);
        return { text: assertion() };
      },
    };
    await using credential = federated({ ...world.context({}, INJECTED), ports }, other);
    await calling(credential);
    expect(new Set(paths)).toEqual(new Set(["/other"]));
    expect(fake.made[0]?.options).toMatchObject({
      ...other,
      tenantId: TENANT,
      retryOptions: { maxRetries: 0 },
    });
  });
});

describe("the managed identity of an injected pod that was asked for by another ID", () => {
  const managed = (options: AnyManagedIdentityOptions, guard: GuardOptions = {}): GuardedCredential => {
    const credential = managedIdentity(world.context(guard, INJECTED), options);
    credentials.push(credential);
    return credential;
  };

  it("has tokens of that object ID alone", async () => {
    await calling(managed({ objectId: RIGHT.toUpperCase() }));
    fake.answer = () => accessToken(WRONG);
    const other = managed({ objectId: RIGHT }, { retry: { budgetMs: 2_000 }, expect: { tenantId: TENANT } });
    const call = calling(other);
    await world.clock.advance(2_000);
    expect((await errorOf(call)).code).toBe("ERR_GUARD_IDENTITY_MISMATCH");
  });

  it.each([
    ["not-a-guid", {}],
    [WRONG, { expect: { objectId: RIGHT } }],
  ])("is refused where no token can have it: %s", (objectId, guard) => {
    expect(() => managed({ objectId }, guard)).toThrow(
      expect.objectContaining({ code: "ERR_GUARD_CONFIGURATION" }),
    );
  });
});

describe("a service account token that is not there, or too old", () => {
  it.each<[string, () => string | Error]>([
    ["missing", () => refused("ENOENT")],
    ["expired", () => assertion(-1_000)],
  ])("is waited for: %s", async (_name, file) => {
    world.file = file;
    await using credential = workload();
    const call = calling(credential);
    await world.clock.advance(20_000);
    expect([await outcome(call), fake.asked.length]).toEqual(["pending", 0]);
    world.file = () => assertion();
    await world.clock.advance(2_000);
    expect(await outcome(call)).toHaveProperty("value");
    expect(fake.asked).toHaveLength(1);
  });

  it("says at the end of the budget what to look at", async () => {
    world.file = () => refused("ENOENT");
    await using credential = workload();
    const call = calling(credential);
    await world.clock.advance(80_000);
    const error = await errorOf(call);
    expect(error).toMatchObject({ details: { reason: "token-file-missing", permanent: false } });
    expect(error.message).toContain(PATH);
    expect(error.message).toContain("projected volume");
  });

  it("does not hold back the token in hand", async () => {
    await using credential = workload();
    await calling(credential);
    world.file = () => refused("ENOENT");
    await world.clock.advance(3_600_000);
    expect(await outcome(calling(credential))).toHaveProperty("value");
  });

  it("that closes the gate during an attempt closes it to what the attempt brought", async () => {
    fake.answer = () => {
      world.file = () => refused("ENOENT");
      return accessToken();
    };
    await using credential = workload();
    const call = calling(credential);
    await world.clock.advance(100);
    expect(await outcome(call)).toBe("pending");
    expect(credential.health.snapshot().metrics.rejected).toEqual([{ reason: "gate-closed", count: 1 }]);
  });
});

describe("a federated credential", () => {
  const noRecord = (): Error => entraError(700213, `${NO_RECORD} subject '${SUBJECT}'.`);

  it("that propagates for 45 s, on one of three replicas first, is waited for, also after a success", async () => {
    const knownAt = [25_000, 45_000, 45_000];
    const start = world.clock.elapsed();
    fake.answer = (n) =>
      world.clock.elapsed() - start >= (knownAt[n % 3] ?? 0) ? accessToken() : noRecord();
    await using credential = workload();
    const call = calling(credential);
    await world.clock.advance(25_000);
    const other = credential.getToken("https://storage.azure.com/.default");
    await world.clock.advance(27_000);
    expect(await outcome(call)).toHaveProperty("value");
    expect(await outcome(other)).toHaveProperty("value");
  });

  it("that is wrong is waited for as long as one may propagate, and then refused at once", async () => {
    fake.answer = noRecord;
    await using credential = workload();
    const codes: [number, string][] = [];
    const start = world.clock.elapsed();
    while (world.clock.elapsed() - start < 185_000) {
      const call = calling(credential);
      while ((await outcome(call)) === "pending") await world.clock.advance(1_000);
      const { code } = await errorOf(call);
      codes.push([Math.round((world.clock.elapsed() - start) / 1000), code]);
      await world.clock.advance(100);
    }
    const permanent = codes.filter(([, code]) => code === "ERR_GUARD_REJECTED");
    expect(
      codes.filter(([second]) => second < 180).every(([, code]) => code === "ERR_GUARD_BUDGET_SPENT"),
    ).toBe(true);
    expect(permanent.length).toBeGreaterThan(0);
    const asked = fake.asked.length;
    const error = await errorOf(calling(credential));
    expect([error.code, fake.asked.length]).toEqual(["ERR_GUARD_REJECTED", asked]);
  });

  it("is compared with what was presented, also with what Entra ID does not name", async () => {
    fake.answer = noRecord;
    await using credential = workload({ retry: { budgetMs: 2_000 } });
    const call = calling(credential);
    await world.clock.advance(2_000);
    const { message } = await errorOf(call);
    expect(message).toContain(`issuer ${ISSUER}, subject ${SUBJECT}, audience api://AzureADTokenExchange`);
    expect(message).toContain("AADSTS700213");
    expect(message).toContain("federated credential");
  });

  it("is told with what Entra ID names, before what the file holds by now", async () => {
    fake.answer = () => entraError(700211, `${NO_RECORD} issuer 'https://old.example/'.`);
    await using credential = workload({ retry: { budgetMs: 2_000 } });
    const call = calling(credential);
    await world.clock.advance(2_000);
    expect((await errorOf(call)).message).toContain(
      `presented: issuer https://old.example/, subject ${SUBJECT}`,
    );
  });
});

describe("other answers of Entra ID", () => {
  it.each<[number, string]>([
    [700027, "service account token"],
    [7000215, "secret"],
    [90002, "tenant"],
    [500011, "scope"],
    [1002012, "scope"],
  ])("AADSTS%d is refused at once, with a remedy", async (code, word) => {
    fake.answer = () => entraError(code, "x");
    await using credential = workload();
    const call = calling(credential);
    await world.clock.advance(0);
    const error = await errorOf(call);
    expect(error.code).toBe("ERR_GUARD_REJECTED");
    expect(error.message).toContain(word);
    expect(fake.asked).toHaveLength(1);
  });

  it.each([700024, 90061, 90033, 700016, 7000272])(
    "AADSTS%d is asked again inside the budget",
    async (code) => {
      fake.answer = (n) => (n < 4 ? entraError(code, "x", "invalid_request") : accessToken());
      await using credential = workload();
      const call = calling(credential);
      await world.clock.advance(10_000);
      expect(await outcome(call)).toHaveProperty("value");
    },
  );

  it.each([
    "network_error: See https://aka.ms/msal.js.errors#network_error for details",
    'Response had no "expiresOn" property.',
    "ENOENT: no such file or directory, open '/var/run/secrets/token'",
  ])("and failures that the SDK calls a missing sign-in are asked again: %s", async (message) => {
    const failed = Object.assign(new Error(message), { name: "AuthenticationRequiredError" });
    fake.answer = (n) => (n < 3 ? failed : accessToken());
    await using credential = workload();
    const call = calling(credential);
    await world.clock.advance(10_000);
    expect(await outcome(call)).toHaveProperty("value");
  });

  it("says Entra ID, and not NMI, where no answer came", async () => {
    fake.answer = () => undefined;
    await using credential = workload({ retry: { budgetMs: 8_000 } });
    const call = calling(credential);
    await world.clock.advance(8_000);
    const { message } = await errorOf(call);
    expect(message).toContain("Entra ID did not answer in time");
    expect(message).not.toContain("NMI");
  });
});

describe("each attempt", () => {
  it("has a credential of the SDK of its own: neither an old assertion nor a refused token comes back", async () => {
    fake.answer = (n) => (n === 1 ? entraError(700024, "x") : n === 2 ? accessToken(WRONG) : accessToken());
    await using credential = workload({ expect: { objectId: RIGHT } });
    const before = fake.made.length;
    const call = calling(credential);
    await world.clock.advance(10_000);
    expect(await outcome(call)).toHaveProperty("value");
    expect([before, fake.made.length - before]).toEqual([1, 3]); // one at construction, to be refused there
  });

  it("and every error of it keeps the assertion to itself", async () => {
    const presented = assertion();
    fake.answer = () =>
      entraError(70021, `${NO_RECORD}. client_assertion=${presented} Assertion Subject: '${presented}'`);
    await using credential = workload({ retry: { budgetMs: 2_000 } });
    const call = calling(credential);
    await world.clock.advance(2_000);
    const error = await errorOf(call);
    const said = [
      error.message,
      error.stack,
      JSON.stringify(error.cause),
      JSON.stringify(credential.health.snapshot()),
    ];
    expect(said.join("\n")).not.toContain("c2VjcmV0LXNpZ25hdHVyZQ");
  });
});

it("a failure that is heard of after the budget, on a machine that is slow, asks for no longer wait", async () => {
  const elapsed = world.clock.elapsed.bind(world.clock);
  const clock = vi.spyOn(world.clock, "elapsed");
  fake.answer = () => {
    clock.mockImplementation(() => elapsed() + 5_000);
    return entraError(90033, "A transient error has occurred.");
  };
  await using credential = workload({ retry: { budgetMs: 2_000 } });
  const call = calling(credential);
  // Its own timer is late as well, and ends it then.
  await world.clock.advance(2_000);
  const { code, message } = await errorOf(call);
  expect(code).toBe("ERR_GUARD_BUDGET_SPENT");
  expect(message).not.toContain("asks to wait longer");
});

describe("a client of the Azure SDK, which asks with enableCae", () => {
  const client = { enableCae: true, tenantId: TENANT };

  it("is served what warm-up got, and by its own token as soon as that has come", async () => {
    await using credential = workload();
    await credential.warmUp(SCOPE);
    const first = await credential.getToken(SCOPE, client);
    expect(first).toEqual(await credential.getToken(SCOPE));
    await world.clock.advance(2_000);
    expect(fake.asked.map(({ cae }) => cae)).toEqual([undefined, true]);
    expect(await credential.getToken(SCOPE, client)).not.toEqual(first);
    expect(fake.asked).toHaveLength(2);
  });

  it("is served it throughout an outage", async () => {
    await using credential = workload();
    await credential.warmUp(SCOPE);
    fake.answer = () => entraError(90033, "A transient error has occurred.");
    world.file = () => refused("ENOENT");
    await world.clock.advance(3_600_000);
    await expect(credential.getToken(SCOPE, client)).resolves.toHaveProperty("token");
  });

  it("asks for the same when it names the tenant that is asked anyway, for something else with another", async () => {
    await using credential = workload();
    await credential.getToken(SCOPE);
    await credential.getToken(SCOPE, { tenantId: TENANT });
    expect(fake.asked).toHaveLength(1);
    await Promise.all([credential.getToken(SCOPE, { tenantId: RIGHT }), world.clock.advance(2_000)]);
    expect(fake.asked).toHaveLength(2);
  });

  it("does not get a token without it for one with it the other way round", async () => {
    await using credential = workload();
    await credential.getToken(SCOPE, client);
    await Promise.all([credential.getToken(SCOPE), world.clock.advance(2_000)]);
    expect(fake.asked).toHaveLength(2);
  });
});
