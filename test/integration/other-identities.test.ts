import { chmod, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { AppServiceSimulator } from "../../src/testing/app-service.js";
import { mintToken } from "../../src/testing/mint-token.js";
import { startNode } from "./support/node.js";
import { runCase } from "./support/case.js";
import { Child } from "./support/child.js";
import { sendJson, startEndpoint, tokenBody } from "./support/endpoint.js";
import { Pod, SHORT_BUDGET } from "./support/pod.js";
import {
  GUARDED_DEFAULT,
  GUARDED_MANAGED_IDENTITY,
  gatedEnvironment,
  IN_KUBERNETES,
  SCOPE,
} from "./support/setups.js";
import { isTokenRequest, tokenRequests } from "./support/trouble.js";

const OID = "22222222-2222-4222-8222-222222222222";
const TENANT = "33333333-3333-4333-8333-333333333333";
const CLIENT = "44444444-4444-4444-8444-444444444444";

async function folder(): Promise<{ readonly path: string } & AsyncDisposable> {
  const path = await mkdtemp(join(tmpdir(), "guard-"));
  return { path, [Symbol.asyncDispose]: async () => await rm(path, { recursive: true }) };
}

describe.concurrent("sources that are left to @azure/identity", () => {
  test("App Service is asked with its own protocol, and its token is verified", async () => {
    const token = await mintToken({ oid: OID });
    await using service = await startEndpoint((_request, response) =>
      sendJson(response, 200, tokenBody(token)),
    );
    const environment = {
      IDENTITY_ENDPOINT: `${service.url}/msi/token`,
      IDENTITY_HEADER: "header-value",
      AZURE_IDENTITY_GUARD_EXPECTED_OBJECT_ID: OID,
    };
    await using child = await Child.start(environment);
    const id = await child.create(GUARDED_MANAGED_IDENTITY);
    expect(await child.getToken(id, SCOPE)).toMatchObject({ outcome: "token", oid: OID });
    expect(service.requests).toHaveLength(1);
    expect(service.requests[0]).toMatchObject({ headers: { "x-identity-header": "header-value" } });
  });

  test("App Service's token of another identity is refused each time", async () => {
    const token = await mintToken({ oid: "11111111-1111-4111-8111-111111111111" });
    await using service = await startEndpoint((_request, response) =>
      sendJson(response, 200, tokenBody(token)),
    );
    const environment = {
      ...SHORT_BUDGET,
      IDENTITY_ENDPOINT: `${service.url}/msi/token`,
      IDENTITY_HEADER: "header-value",
      AZURE_IDENTITY_GUARD_EXPECTED_OBJECT_ID: OID,
    };
    await using child = await Child.start(environment);
    child.hides(token, "header-value");
    const id = await child.create(GUARDED_MANAGED_IDENTITY);
    expect(await child.getToken(id, SCOPE)).toMatchObject({ code: "ERR_GUARD_IDENTITY_MISMATCH" });
  });

  test("App Service is asked once for each attempt: the SDK's own retries are off", async () => {
    const token = await mintToken({ oid: OID });
    let asked = 0;
    await using service = await startEndpoint((_request, response) => {
      asked += 1;
      if (asked > 2) sendJson(response, 200, tokenBody(token));
      else sendJson(response, 500, { error: "server_error", error_description: "later" });
    });
    await using child = await Child.start({
      ...IN_KUBERNETES,
      IDENTITY_ENDPOINT: `${service.url}/msi/token`,
      IDENTITY_HEADER: "header-value",
      AZURE_IDENTITY_GUARD_EXPECTED_OBJECT_ID: OID,
    });
    const id = await child.create(GUARDED_MANAGED_IDENTITY);
    expect(await child.getToken(id, SCOPE)).toMatchObject({ outcome: "token", oid: OID });
    const attempts = (await child.events(id)).filter(({ type }) => type === "attempt");
    expect(attempts.map(({ outcome }) => outcome)).toEqual(["failed", "failed", "token"]);
    expect(service.requests).toHaveLength(3);
  });

  const PASSING = [
    ["429", { kind: "status", status: 429, body: { statusCode: 429, message: "slow" } }],
    ["503", { kind: "status", status: 503, body: "busy" }],
    ["a reset", { kind: "reset" }],
  ] as const;

  test.each(
    PASSING.flatMap(([name, fault]) =>
      [GUARDED_MANAGED_IDENTITY, GUARDED_DEFAULT].map((spec) => ({ name, fault, spec, class: spec.name })),
    ),
  )("App Service, which is no Kubernetes, is asked again by $class after $name", async ({ fault, spec }) => {
    await using service = await AppServiceSimulator.start({ systemAssigned: { name: "site" } });
    const { objectId = "" } = service.identities.systemAssigned ?? {};
    await using child = await Child.start({
      ...service.environment,
      AZURE_IDENTITY_GUARD_EXPECTED_OBJECT_ID: objectId,
    });
    const id = await child.create(spec);
    const once = service.faults.next("app-service", fault);
    expect(await child.getToken(id, SCOPE)).toMatchObject({ outcome: "token", oid: objectId });
    expect(once.used).toBe(1);
  });

  interface Member {
    readonly hosts: readonly string[];
    readonly clientIds: readonly string[];
    readonly assertion: boolean;
    readonly secret: boolean;
  }
  const named = {
    AZURE_TENANT_ID: TENANT,
    AZURE_CLIENT_ID: CLIENT,
    AZURE_IDENTITY_GUARD_EXPECTED_OBJECT_ID: OID,
  };

  test("a client secret in the environment makes DefaultAzureCredential the EnvironmentCredential", async () => {
    await using node = await startNode({ nmi: { state: "down" } });
    const { told } = await runCase("member", {
      ...gatedEnvironment(node),
      ...named,
      AZURE_CLIENT_SECRET: "not-a-secret",
      FIXTURE_OID: OID,
    });
    expect(told).toMatchObject({ outcome: "token", oid: OID, secret: true, assertion: false });
    expect((told as Member).hosts).toEqual(["login.microsoftonline.com"]);
    expect((told as Member).clientIds).toEqual([CLIENT]);
    // It does not wait for an NMI that it does not need.
    expect(tokenRequests(node)).toHaveLength(0);
  });

  test("a federated token file makes it the WorkloadIdentityCredential", async () => {
    await using place = await folder();
    const file = join(place.path, "token");
    const assertion = await mintToken({ oid: OID });
    await writeFile(file, assertion);
    const { told, ended } = await runCase("member", {
      ...IN_KUBERNETES,
      ...named,
      AZURE_FEDERATED_TOKEN_FILE: file,
      FIXTURE_OID: OID,
    });
    expect(told).toMatchObject({ outcome: "token", oid: OID, secret: false, assertion: true });
    expect((told as Member).hosts).toEqual(["login.microsoftonline.com"]);
    expect(ended.stdout + ended.stderr).not.toContain(assertion.slice(-40));
  });

  test("a pod that the webhook missed by half is refused at once, and does not get the node's identity", async () => {
    await using pod = await Pod.start({
      AZURE_IDENTITY_GUARD_NMI_URL: "",
      AZURE_FEDERATED_TOKEN_FILE: "/token",
    });
    const id = await pod.child.create(GUARDED_DEFAULT);
    const told = await pod.child.getToken(id, SCOPE);
    expect(told).toMatchObject({ outcome: "error", code: "ERR_GUARD_GATE_CLOSED" });
    expect(JSON.stringify(told)).toContain("AZURE_TENANT_ID");
    expect(tokenRequests(pod.node)).toHaveLength(0);
  });
});

describe.concurrent("a guard that refuses", () => {
  test.each(["down", "active"] as const)(
    "stops a ChainedTokenCredential that it is in (NMI %s)",
    async (state) => {
      await using node = await startNode({ nmi: { state } });
      // For good, where the gate is open.
      const fault = { kind: "status", status: 400, body: { error: "invalid_request" } } as const;
      node.faults.always("nmi", fault, { match: isTokenRequest });
      const { told } = await runCase("chain", { ...gatedEnvironment(node), ...SHORT_BUDGET });
      expect(told).toMatchObject({ outcome: "error", asked: 0 });
    },
  );

  /** A login of a developer, as far as the SDK can tell. */
  async function standIn(path: string, calls: string): Promise<void> {
    const token = await mintToken({ oid: "55555555-5555-4555-8555-555555555555" });
    const answer = JSON.stringify({
      accessToken: token,
      expiresOn: "2099-01-01 00:00:00.000000",
      expires_on: 4_070_908_800,
    });
    await writeFile(join(path, "az"), `#!/bin/sh\necho "$@" >> '${calls}'\nprintf '%s' '${answer}'\n`);
    await chmod(join(path, "az"), 0o755);
    await writeFile(calls, "");
  }

  test.each([
    { does: "the endpoint refuses for good", state: "active" },
    { does: "the gate stays closed", state: "down" },
  ] as const)("never falls through to az, where $does", async ({ state }) => {
    await using place = await folder();
    const calls = join(place.path, "calls");
    await standIn(place.path, calls);
    await using pod = await Pod.start({ ...SHORT_BUDGET, PATH: place.path }, { nmi: { state } });
    const fault = { kind: "status", status: 400, body: { error: "invalid_request" } } as const;
    pod.node.faults.always("metadata", fault, { match: isTokenRequest });
    const id = await pod.child.create(GUARDED_DEFAULT);
    expect(await pod.child.getToken(id, SCOPE)).toMatchObject({
      outcome: "error",
      name: "IdentityGuardError",
    });
    expect(await readFile(calls, "utf8")).toBe("");
    // The plain chain does, which shows that the stand-in would have answered.
    const plain = await pod.child.create({ from: "sdk", name: "DefaultAzureCredential", args: [{}] });
    expect(await pod.child.getToken(plain, SCOPE)).toMatchObject({
      outcome: "token",
      oid: "55555555-5555-4555-8555-555555555555",
    });
    expect(await readFile(calls, "utf8")).toContain("account get-access-token");
  });
});
