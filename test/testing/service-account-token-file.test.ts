import { existsSync, lstatSync, readdirSync, readFileSync } from "node:fs";
import { dirname } from "node:path";
import { decodeJwt } from "jose";
import { expect, test } from "vitest";
import { codeOf, exchange, manualEntra } from "./entra-harness.js";

function read(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    return error instanceof Error && "code" in error ? String(error.code) : String(error);
  }
}

test("holds a token as the cluster makes them", async () => {
  const { entra, clock } = await manualEntra({
    serviceAccount: { namespace: "shop", serviceAccount: "orders" },
  });
  const now = clock.now() / 1000;
  expect(decodeJwt(read(entra.tokenFile.path))).toMatchObject({
    iss: entra.cluster.url,
    sub: "system:serviceaccount:shop:orders",
    aud: ["api://AzureADTokenExchange"],
    iat: now,
    nbf: now,
    exp: now + 3600,
    "kubernetes.io": { namespace: "shop", serviceaccount: { name: "orders" } },
  });
  expect(entra.tokenFile.subject).toBe("system:serviceaccount:shop:orders");
  expect((await exchange(entra, { client_assertion: read(entra.tokenFile.path) })).status).toBe(200);
});

test("is replaced as the kubelet does it: through links, with nothing left behind", async () => {
  const { entra, clock } = await manualEntra();
  const { path } = entra.tokenFile;
  const first = read(path);
  const link = lstatSync(path);
  await clock.advance(2_880_000);
  await entra.tokenFile.rotate();
  expect(decodeJwt(read(path)).iat).toBe(clock.now() / 1000);
  expect(read(path)).not.toBe(first);
  expect(lstatSync(path).ino).toBe(link.ino);
  expect(readdirSync(dirname(path)).sort()).toEqual(["..2", "..data", "azure-identity-token"]);
});

test.each([
  ["stale", { issuedAgoMs: 7_200_000 }, 700_024],
  ["short-lived", { lifetimeMs: 0 }, 700_024],
  ["for another audience", { audience: "api://other" }, 700_212],
  ["of another service account", { serviceAccount: "other" }, 700_213],
  ["of another cluster", { issuer: "https://other/" }, 700_211],
  ["forged", { forged: true }, 700_027],
])("can hold a token that is %s, and a good one after it", async (_what, changes, code) => {
  const { entra } = await manualEntra();
  await entra.tokenFile.rotate(changes);
  expect(codeOf(await exchange(entra, { client_assertion: read(entra.tokenFile.path) }))).toBe(code);
  await entra.tokenFile.rotate();
  expect(codeOf(await exchange(entra, { client_assertion: read(entra.tokenFile.path) }))).toBe(200);
});

test("can hold anything, be missing, and come back", async () => {
  const { entra } = await manualEntra();
  const { tokenFile } = entra;
  tokenFile.write("garbage");
  expect(read(tokenFile.path)).toBe("garbage");
  tokenFile.write("");
  expect(read(tokenFile.path)).toBe("");
  tokenFile.remove();
  expect(read(tokenFile.path)).toBe("ENOENT");
  tokenFile.write("again");
  expect(read(tokenFile.path)).toBe("again");
});

test("can be unreadable, for root too", async () => {
  const { entra } = await manualEntra();
  entra.tokenFile.makeUnreadable();
  expect(read(entra.tokenFile.path)).toBe(process.getuid?.() === 0 ? "EISDIR" : "EACCES");
  await entra.tokenFile.rotate();
  expect(read(entra.tokenFile.path)).toMatch(/^eyJ/);
});

test("exists for other pods too, and ends with the simulator", async () => {
  const { entra } = await manualEntra();
  const other = await entra.createTokenFile({ serviceAccount: "other" });
  expect(other.path).not.toBe(entra.tokenFile.path);
  expect(decodeJwt(read(other.path)).sub).toBe("system:serviceaccount:default:other");
  const files = [other.path, entra.tokenFile.path, entra.caCertificateFile];
  expect(files.map((path) => existsSync(path))).toEqual([true, true, true]);
  await entra.close();
  expect(files.map((path) => existsSync(path))).toEqual([false, false, false]);
});
