import { execFileSync } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { gateKey, type GateObservation } from "../../src/gate/gate.js";
import { createGateRegistry, watchGate } from "../../src/gate/gate-watcher.js";
import { readTokenFile, type TokenFileReader } from "../../src/gate/token-file.js";
import {
  createWorkloadIdentityGate,
  workloadIdentityGate,
  type WorkloadIdentityGateOptions,
} from "../../src/gate/workload-identity-gate.js";
import type { WorkloadInjection } from "../../src/gate/workload-injection.js";
import { ManualClock } from "../../src/testing/manual-clock.js";
import { problemsOf } from "./problems.js";

const CLIENT = "11111111-1111-4111-8111-111111111111";
const TENANT = "33333333-3333-4333-8333-333333333333";
const PATH = "/var/run/secrets/azure/wi/token/azure-identity-token";
const ISSUER = `https://eastus.oic.prod-aks.azure.com/${TENANT}/${CLIENT}/`;
const SUBJECT = "system:serviceaccount:shop:orders";
const NOW = Date.UTC(2026, 0, 1);
const INJECTED: WorkloadInjection = {
  clientId: CLIENT,
  tenantId: TENANT,
  tokenFilePath: PATH,
  authorityHost: "https://login.microsoftonline.com/",
};

const segment = (value: object): string => Buffer.from(JSON.stringify(value)).toString("base64url");

function assertion(claims: object = {}): string {
  const all = {
    iss: ISSUER,
    sub: SUBJECT,
    aud: ["api://AzureADTokenExchange"],
    exp: NOW / 1000 + 3_600,
    ...claims,
  };
  return `${segment({ alg: "RS256" })}.${segment(all)}.c2lnbmF0dXJlLXRoYXQtaXMtYS1zZWNyZXQ`;
}

const text =
  (value: string): TokenFileReader =>
  async () => ({ text: value });

const failing =
  (code: string): TokenFileReader =>
  async () => {
    throw Object.assign(new Error("x"), { code });
  };

async function observe(
  readFile: TokenFileReader,
  injection: Partial<WorkloadInjection> = {},
): Promise<GateObservation> {
  const ports = { clock: new ManualClock({ now: NOW }), readFile };
  return await createWorkloadIdentityGate({ ...INJECTED, ...injection }, ports).check();
}

const summary = (observation: GateObservation): string =>
  `${observation.state} ${observation.reason}` +
  (observation.state === "closed" && observation.permanent ? " for good" : "");

describe("the file of the token", () => {
  test.each<[string, TokenFileReader, string]>([
    ["is valid", text(assertion()), "open token-file-valid"],
    ["has white space around it", text(` ${assertion()}\n`), "open token-file-valid"],
    ["never expires", text(assertion({ exp: undefined })), "open token-file-valid"],
    [
      "is for another audience",
      text(assertion({ aud: "api://AzureADTokenExchangeUSGov" })),
      "open token-file-valid",
    ],
    ["names nobody", text(assertion({ iss: 1, sub: null, aud: {} })), "open token-file-valid"],
    ["has a millisecond left", text(assertion({ exp: (NOW + 1) / 1000 })), "open token-file-valid"],
    ["expires now", text(assertion({ exp: NOW / 1000 })), "closed token-file-expired"],
    ["expired long ago", text(assertion({ exp: 5 })), "closed token-file-expired"],
    ["is not there", failing("ENOENT"), "closed token-file-missing"],
    ["has no folder", failing("ENOTDIR"), "closed token-file-missing"],
    ["may not be read", failing("EACCES"), "closed token-file-unreadable"],
    ["fails on a disk", failing("EIO"), "closed token-file-unreadable"],
    ["is empty", text(" \n"), "closed token-file-invalid"],
    ["is no JWT", text("-----BEGIN CERTIFICATE-----"), "closed token-file-invalid"],
    ["has a payload that is no JSON", text("e30.AAAA.c2ln"), "closed token-file-invalid"],
    ["has more than a JWT", text(`${assertion()}\nextra`), "closed token-file-invalid"],
    ["has two tokens", text(`${assertion()}\n${assertion()}`), "closed token-file-invalid"],
    [
      "has no signature",
      text(`${assertion().split(".").slice(0, 2).join(".")}.`),
      "closed token-file-invalid",
    ],
    ["is valid in an hour", text(assertion({ nbf: NOW / 1000 + 3_600 })), "closed token-file-invalid"],
    ["is valid soon, by a clock behind", text(assertion({ nbf: NOW / 1000 + 300 })), "open token-file-valid"],
    ["has been valid", text(assertion({ nbf: NOW / 1000 - 60 })), "open token-file-valid"],
    ["is valid from 1e400 on", text(assertion({ nbf: "1e400" })), "open token-file-valid"],
    ["has too long a name", failing("ENAMETOOLONG"), "closed token-file-invalid"],
    ["is too large", async () => ({ defect: "too-large" }), "closed token-file-invalid"],
    ["is a folder", async () => ({ defect: "no-file" }), "closed token-file-invalid"],
  ])("that %s", async (_name, readFile, expected) => {
    expect(summary(await observe(readFile))).toBe(expected);
  });

  test("is read anew at each check, from the path that the variable names", async () => {
    const asked: string[] = [];
    const contents = [assertion({ exp: 5 }), assertion()];
    const readFile: TokenFileReader = async (path) => {
      asked.push(path);
      return { text: contents.shift() ?? "" };
    };
    const gate = createWorkloadIdentityGate(INJECTED, { clock: new ManualClock({ now: NOW }), readFile });
    expect((await gate.check()).reason).toBe("token-file-expired");
    expect((await gate.check()).reason).toBe("token-file-valid");
    expect(asked).toEqual([PATH, PATH]);
  });

  test("is told with whom it names and when it expires, and never with what it holds", async () => {
    const token = assertion();
    const { detail } = await observe(text(token));
    for (const part of [ISSUER, SUBJECT, "api://AzureADTokenExchange", "1h"]) expect(detail).toContain(part);
    for (const part of token.split(".")) expect(detail).not.toContain(part);
  });

  test.each([text("s3cr3t-but-no-jwt"), text(assertion({ exp: 5 })), failing("ENOENT")])(
    "that closes the gate is told with its path and a remedy, and not with what it holds",
    async (readFile) => {
      const observation = await observe(readFile);
      expect(observation.detail).toContain(PATH);
      expect(observation).toHaveProperty("remedy", expect.stringMatching(/projected|kubelet/u));
      expect(JSON.stringify(observation)).not.toMatch(/s3cr3t|c2ln/u);
    },
  );
});

describe("the variables that the webhook injects", () => {
  test.each<[Partial<WorkloadInjection>, string]>([
    [{ clientId: undefined }, "AZURE_CLIENT_ID is not set"],
    [{ tenantId: undefined }, "AZURE_TENANT_ID is not set"],
    [{ tokenFilePath: undefined }, "AZURE_FEDERATED_TOKEN_FILE is not set"],
    [
      { clientId: undefined, tenantId: undefined, tokenFilePath: undefined, authorityHost: undefined },
      "AZURE_CLIENT_ID, AZURE_TENANT_ID, AZURE_FEDERATED_TOKEN_FILE are not set",
    ],
  ])("close the gate for good where they are missing: %j", async (injection, detail) => {
    const observation = await observe(failing("ENOENT"), injection);
    expect(summary(observation)).toBe("closed not-injected for good");
    expect(observation.detail).toBe(detail);
  });

  test("are missed with the label, the annotation and that the pod must be recreated", async () => {
    const observation = await observe(failing("ENOENT"), { tokenFilePath: undefined });
    const remedy = observation.state === "closed" ? observation.remedy : "";
    expect(remedy).toContain('azure.workload.identity/use: "true"');
    expect(remedy).toContain("azure.workload.identity/client-id");
    expect(remedy).toContain("recreate the pod");
  });

  test.each<[Partial<WorkloadInjection>, string]>([
    [
      { clientId: "orders" },
      "AZURE_CLIENT_ID, or the option clientId, is orders, expected the identity's client ID",
    ],
    [{ tenantId: "my tenant" }, "AZURE_TENANT_ID, or the option tenantId, is my tenant"],
    [
      { authorityHost: "http://login.microsoftonline.com" },
      "AZURE_AUTHORITY_HOST, or the option authorityHost, is http://",
    ],
    [
      { authorityHost: "login.microsoftonline.com" },
      "AZURE_AUTHORITY_HOST, or the option authorityHost, is login",
    ],
  ])("close it for good where they cannot be used: %j", async (injection, detail) => {
    const observation = await observe(text(assertion()), injection);
    expect(summary(observation)).toBe("closed injection-invalid for good");
    expect(observation.detail).toContain(detail);
  });

  test("may lack the authority host", async () => {
    expect((await observe(text(assertion()), { authorityHost: undefined })).state).toBe("open");
  });

  test.each([assertion(), ` ${assertion()}\n`])(
    "close it for good where the path is a token itself",
    async (value) => {
      const observation = await observe(failing("ENAMETOOLONG"), { tokenFilePath: value });
      expect(summary(observation)).toBe("closed injection-invalid for good");
      expect(observation.detail).toContain(
        "AZURE_FEDERATED_TOKEN_FILE, or the option tokenFilePath, is a token itself, expected the path of the file",
      );
    },
  );

  test("are told to be paths where something longer stands there, which is not quoted", async () => {
    const value = "s3cr3t".repeat(1_000);
    const { detail } = await observe(failing("ENAMETOOLONG"), { tokenFilePath: value });
    expect(detail).toContain("AZURE_FEDERATED_TOKEN_FILE holds no path");
    expect(detail).not.toContain("s3cr3t");
  });

  test("do not show a token that was put into one of them", async () => {
    for (const name of ["tokenFilePath", "clientId", "tenantId", "authorityHost"]) {
      const { detail } = await observe(failing("ENOENT"), { [name]: assertion() });
      expect(detail).not.toContain("c2ln");
    }
  });
});

describe("workloadIdentityGate", () => {
  test.each<[unknown, string[]]>([
    [null, ["options"]],
    ["/file", ["options"]],
    [{ tokenFilePath: 5 }, ["tokenFilePath"]],
    [{ clientId: 7, tenantId: {}, authorityHost: true }, ["clientId", "tenantId", "authorityHost"]],
  ])("refuses %j", (options, names) => {
    expect(problemsOf(() => workloadIdentityGate(options as WorkloadIdentityGateOptions))).toEqual(names);
  });

  let folder = "";
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "workload-"));
    vi.stubEnv("AZURE_CLIENT_ID", CLIENT);
    vi.stubEnv("AZURE_TENANT_ID", TENANT);
    vi.stubEnv("AZURE_AUTHORITY_HOST", undefined);
    vi.stubEnv("AZURE_FEDERATED_TOKEN_FILE", join(folder, "token"));
  });
  afterEach(() => rmSync(folder, { recursive: true }));
  const live = (): string => assertion({ exp: Date.now() / 1000 + 600 });

  test("reads the variables, and the file that the kubelet moves into place", async () => {
    const gate = workloadIdentityGate();
    expect(gate.name).toBe("workload-identity");
    expect((await gate.check()).reason).toBe("token-file-missing");
    // As the kubelet does it: a link to a link to a folder that is exchanged as a whole.
    mkdirSync(join(folder, "..1"));
    writeFileSync(join(folder, "..1", "token"), assertion({ exp: 5 }));
    symlinkSync("..1", join(folder, "..data"));
    symlinkSync(join("..data", "token"), join(folder, "token"));
    expect((await gate.check()).reason).toBe("token-file-expired");
    mkdirSync(join(folder, "..2"));
    writeFileSync(join(folder, "..2", "token"), live());
    symlinkSync("..2", join(folder, "..new"));
    renameSync(join(folder, "..new"), join(folder, "..data"));
    expect((await gate.check()).reason).toBe("token-file-valid");
  });

  test("takes options for variables, and an empty one for none", async () => {
    writeFileSync(join(folder, "other"), live());
    const gate = workloadIdentityGate({ tokenFilePath: join(folder, "other"), clientId: "" });
    expect((await gate.check()).state).toBe("open");
    vi.stubEnv("AZURE_CLIENT_ID", " ");
    expect((await workloadIdentityGate({ tokenFilePath: join(folder, "other") }).check()).reason).toBe(
      "not-injected",
    );
  });

  test("has the same key for the same values, and another for others", () => {
    expect(gateKey(workloadIdentityGate())).toBe(gateKey(workloadIdentityGate({ clientId: CLIENT })));
    expect(gateKey(workloadIdentityGate())).not.toBe(gateKey(workloadIdentityGate({ clientId: TENANT })));
  });

  test("tells path, issuer and annotation in full to those who watch it", async () => {
    const clock = new ManualClock({ now: NOW });
    const watch = watchGate(
      createWorkloadIdentityGate(INJECTED, { clock, readFile: text(assertion()) }),
      { pollIntervalMs: 5_000 },
      { clock, random: () => 0, registry: createGateRegistry() },
    );
    expect((await watch.observe(new AbortController().signal)).detail).toContain(ISSUER);
    watch.close();
  });

  test("reads 64 KiB and no byte more", async () => {
    const file = join(folder, "token");
    writeFileSync(file, "x".repeat(65_536));
    expect(await readTokenFile(file)).toHaveProperty("text.length", 65_536);
    writeFileSync(file, "x".repeat(65_537));
    expect(await readTokenFile(file)).toEqual({ defect: "too-large" });
  });

  test("does not wait at a pipe, and takes no folder for a file", async () => {
    execFileSync("mkfifo", [join(folder, "pipe")]);
    expect(await readTokenFile(join(folder, "pipe"))).toEqual({ defect: "no-file" });
    expect(await readTokenFile(folder)).toEqual({ defect: "no-file" });
  });

  test.skipIf(process.getuid?.() === 0)("says that a file may not be read", async () => {
    writeFileSync(join(folder, "token"), live());
    chmodSync(join(folder, "token"), 0);
    expect((await workloadIdentityGate().check()).reason).toBe("token-file-unreadable");
  });
});
