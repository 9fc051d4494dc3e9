import {
  accessSync,
  constants,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { ArcSimulator } from "../../src/testing/arc.js";
import type { ArcSimulatorOptions } from "../../src/testing/arc.js";
import { ManualClock } from "../../src/testing/manual-clock.js";
import { createIdentity } from "../../src/testing/simulated-identity.js";
import { claimsOf, http, json, METADATA } from "./harness.js";
import type { Answer } from "./harness.js";
import { asking, runSdk } from "./sdk-process.js";

const RESOURCE = "https://vault.azure.net";

/** `@azure/msal-node` takes secrets from nowhere else; the environment cannot change it. */
const SDK_DIRECTORY = "/var/opt/azcmagent/tokens";

function directory(): string {
  const path = mkdtempSync(join(tmpdir(), "arc-"));
  onTestFinished(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

async function start(options: ArcSimulatorOptions = {}): Promise<ArcSimulator> {
  const clock = new ManualClock({ now: Date.UTC(2026, 0, 1) });
  const arc = await ArcSimulator.start({ clock, tokenDirectory: directory(), ...options });
  onTestFinished(async () => await arc.close());
  return arc;
}

async function send(
  arc: ArcSimulator,
  parameters: Record<string, string> = {},
  headers: Record<string, string> = {},
): Promise<Answer> {
  const { IDENTITY_ENDPOINT: url = "" } = arc.environment;
  const query = new URLSearchParams({ "api-version": "2020-06-01", resource: RESOURCE, ...parameters });
  return await http(`${url}?${query.toString()}`, { headers: { ...METADATA, ...headers } });
}

function secretFile(challenge: Answer): string {
  return String(challenge.headers["www-authenticate"]).replace("Basic realm=", "");
}

/** Both requests. */
async function token(arc: ArcSimulator, parameters: Record<string, string> = {}): Promise<Answer> {
  const file = secretFile(await send(arc, parameters));
  return await send(arc, parameters, { Authorization: `Basic ${readFileSync(file, "utf8")}` });
}

describe("the endpoint", () => {
  test("names a file first, and answers whoever has read it", async () => {
    const arc = await start();
    const challenge = await send(arc);
    expect(challenge.status).toBe(401);
    expect(challenge.headers["www-authenticate"]).toMatch(/^Basic realm=\/.+\/[\w-]+\.key$/);
    const file = secretFile(challenge);
    expect(statSync(file).size).toBeLessThan(4096);
    const answer = await send(arc, {}, { Authorization: `Basic ${readFileSync(file, "utf8")}` });
    expect(json(answer)).toMatchObject({ resource: RESOURCE, token_type: "Bearer", expires_in: "86400" });
    expect(claimsOf(answer)["oid"]).toBe(createIdentity({ name: "machine" }).objectId);
  });

  test("takes a secret once, and no other", async () => {
    const arc = await start();
    const file = secretFile(await send(arc));
    const headers = { Authorization: `Basic ${readFileSync(file, "utf8")}` };
    expect((await send(arc, {}, headers)).status).toBe(200);
    expect(existsSync(file)).toBe(false);
    expect((await send(arc, {}, headers)).status).toBe(401);
    expect((await send(arc, {}, { Authorization: "Basic other" })).status).toBe(401);
  });

  test.each([
    ["without the Metadata header", {}, { Metadata: "false" }, 400],
    ["without a resource", { resource: "" }, {}, 400],
    ["without a version", { "api-version": "" }, {}, 400],
  ])("refuses a request %s", async (_what, parameters, headers, status) => {
    expect((await send(await start(), parameters, headers)).status).toBe(status);
  });

  test("is at one path", async () => {
    expect((await http((await start()).url, { path: "/other" })).status).toBe(404);
  });

  test("ignores which identity is named, where the agent is an older one", async () => {
    const arc = await start();
    const answer = await token(arc, { client_id: createIdentity({ name: "app" }).clientId });
    expect(claimsOf(answer)["oid"]).toBe(arc.identities.systemAssigned?.objectId);
    expect(json(answer)).not.toHaveProperty("client_id");
  });

  test.each(["client_id", "object_id", "msi_res_id"])(
    "echoes the identity named by %s",
    async (parameter) => {
      const arc = await start({ userAssigned: [{ name: "app" }] });
      const app = createIdentity({ name: "app" });
      const ids: Record<string, string> = { client_id: app.clientId, object_id: app.objectId };
      const id = ids[parameter] ?? app.resourceId;
      const answer = await token(arc, { [parameter]: id });
      expect(claimsOf(answer)["oid"]).toBe(app.objectId);
      expect(json(answer)[parameter]).toBe(id);
      expect((await token(arc, { [parameter]: "other" })).status).toBe(400);
    },
  );

  test("keeps a hundred secrets, and takes all of them away at the end", async () => {
    const tokenDirectory = directory();
    const arc = await start({ tokenDirectory });
    for (let i = 0; i < 101; i += 1) await send(arc);
    expect(readdirSync(tokenDirectory)).toHaveLength(100);
    await arc.close();
    expect(readdirSync(tokenDirectory)).toEqual([]);
  });

  test("takes away the folders that it made, and no others", async () => {
    const parent = directory();
    const arc = await start({ tokenDirectory: join(parent, "a/b/c") });
    await send(arc);
    await arc.close();
    expect(readdirSync(parent)).toEqual([]);
  });

  test("leaves folders that somebody else uses", async () => {
    const parent = directory();
    const arc = await start({ tokenDirectory: join(parent, "a/b") });
    const other = await start({ tokenDirectory: join(parent, "a/b") });
    await send(other);
    await arc.close();
    expect((await token(other)).status).toBe(200);
  });

  test("has faults and a log without its secrets", async () => {
    const arc = await start();
    arc.faults.next("arc", { kind: "headers", remove: ["WWW-Authenticate"] });
    expect((await send(arc)).headers).not.toHaveProperty("www-authenticate");
    await token(arc);
    expect(arc.requests.map(({ answeredBy, status }) => [answeredBy, status])).toEqual([
      ["arc", 401],
      ["arc", 401],
      ["arc", 200],
    ]);
    expect(arc.requests.at(-1)?.headers.authorization).toBe("REDACTED");
  });

  test("says where it cannot start", async () => {
    const options = { host: "192.0.2.1", tokenDirectory: directory() };
    await expect(ArcSimulator.start(options)).rejects.toMatchObject({ code: "EADDRNOTAVAIL" });
    await expect(ArcSimulator.start({ tokenDirectory: "/dev/null/x" })).rejects.toMatchObject({
      code: "ENOTDIR",
    });
  });
});

function isWritable(path: string): boolean {
  try {
    accessSync(path, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

describe("the Azure SDK", () => {
  const credential = "new identity.ManagedIdentityCredential()";

  // The folder is fixed: /var/opt/azcmagent/tokens, below which a user who is not root can make nothing.
  describe.runIf(process.platform === "linux" && isWritable("/var/opt"))(
    "with the agent's own folder",
    () => {
      test("gets a token of the machine", async () => {
        await using arc = await ArcSimulator.start();
        const claims = await runSdk(asking(credential), arc.environment);
        expect(claims["oid"]).toBe(arc.identities.systemAssigned?.objectId);
        expect(arc.requests.map(({ status }) => status)).toEqual([401, 200]);
        expect(existsSync(SDK_DIRECTORY)).toBe(true);
      });

      test("gets a token of an identity that the agent confirms", async () => {
        await using arc = await ArcSimulator.start({ userAssigned: [{ name: "app" }] });
        const app = createIdentity({ name: "app" });
        const named = asking(`new identity.ManagedIdentityCredential(environment.ID)`);
        expect((await runSdk(named, { ...arc.environment, ID: app.clientId }))["oid"]).toBe(app.objectId);
      });

      test("refuses the machine's token where it named an identity that an older agent ignores", async () => {
        await using arc = await ArcSimulator.start();
        const app = createIdentity({ name: "app" });
        const named = asking(`new identity.ManagedIdentityCredential(environment.ID)`);
        expect(await runSdk(named, { ...arc.environment, ID: app.clientId })).toMatchObject({
          error: "CredentialUnavailableError",
          message: expect.stringContaining("user_assigned_managed_identity_not_confirmed") as unknown,
        });
        expect(arc.requests.at(-1)?.status).toBe(200);
      });
    },
  );

  test("takes secrets from no other folder", async () => {
    await using arc = await ArcSimulator.start({ tokenDirectory: directory() });
    expect(await runSdk(asking(credential), arc.environment)).toMatchObject({
      error: "CredentialUnavailableError",
      message: expect.stringContaining("invalid_file_path") as unknown,
    });
  });

  test("misses the challenge where it is not there", async () => {
    await using arc = await ArcSimulator.start({ tokenDirectory: directory() });
    arc.faults.always("arc", { kind: "headers", remove: ["WWW-Authenticate"] });
    expect(await runSdk(asking(credential), arc.environment)).toMatchObject({
      message: expect.stringContaining("www_authenticate_header_missing") as unknown,
    });
  });
});
