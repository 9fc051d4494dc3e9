import { spawnSync } from "node:child_process";
import { X509Certificate } from "node:crypto";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { AddressInfo } from "node:net";
import { connect, createServer } from "node:tls";
import { expect, onTestFinished, test } from "vitest";
import { createCertificateAuthority } from "../../src/testing/certificate-authority.js";

const NAMES = ["localhost", "login.microsoftonline.com", "127.0.0.1", "::1", "2001:db8::ff00:42:8329"];

const hasOpenSsl = spawnSync("openssl", ["version"]).status === 0;

/** What a TLS client says to a server of `NAMES` that it knows as `servername`. */
async function connectAs(servername: string, ca: string | undefined): Promise<string> {
  const authority = createCertificateAuthority();
  const server = createServer(authority.issue(NAMES), (socket) => socket.end());
  onTestFinished(() => void server.close());
  server.on("tlsClientError", () => undefined);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const options = { host: "127.0.0.1", port, servername, ca: ca ?? authority.certificate };
  const socket = connect(options);
  try {
    await once(socket, "secureConnect");
    return "authorized";
  } catch (error) {
    return error instanceof Error && "code" in error ? String(error.code) : String(error);
  } finally {
    socket.destroy();
  }
}

test("a client that trusts the authority accepts the server by each of its names", async () => {
  for (const name of ["localhost", "login.microsoftonline.com"]) {
    expect(await connectAs(name, undefined)).toBe("authorized");
  }
});

test("a client refuses the server under another name", async () => {
  expect(await connectAs("example.com", undefined)).toBe("ERR_TLS_CERT_ALTNAME_INVALID");
});

test("a client that trusts another authority refuses the server", async () => {
  const other = createCertificateAuthority().certificate;
  expect(await connectAs("localhost", other)).toBe("UNABLE_TO_VERIFY_LEAF_SIGNATURE");
});

test("says what it is for", () => {
  const authority = createCertificateAuthority();
  const issuer = new X509Certificate(authority.certificate);
  const leaf = new X509Certificate(authority.issue(NAMES).cert);
  expect([issuer.ca, leaf.ca]).toEqual([true, false]);
  expect(leaf.checkIssued(issuer)).toBe(true);
  expect(leaf.verify(issuer.publicKey)).toBe(true);
  expect(leaf.checkIP("::1")).toBe("::1");
  expect(leaf.checkIP("2001:db8::ff00:42:8329")).toBeDefined();
  expect(leaf.checkIP("127.0.0.2")).toBeUndefined();
  expect(leaf.checkHost("login.microsoftonline.com")).toBe("login.microsoftonline.com");
});

test("is valid now, and for a year", () => {
  const { validFrom, validTo } = new X509Certificate(createCertificateAuthority().certificate);
  expect(Date.parse(validFrom)).toBeLessThan(Date.now());
  expect(Date.parse(validTo)).toBeGreaterThan(Date.now() + 364 * 86_400_000);
});

test("makes no two certificates with one serial number", () => {
  const authority = createCertificateAuthority();
  const serials = Array.from(
    { length: 20 },
    () => new X509Certificate(authority.issue(NAMES).cert).serialNumber,
  );
  expect(new Set(serials).size).toBe(20);
});

test.runIf(hasOpenSsl)("holds before OpenSSL at its strictest", () => {
  const directory = mkdtempSync(join(tmpdir(), "certificates-"));
  onTestFinished(() => rmSync(directory, { recursive: true }));
  const authority = createCertificateAuthority();
  const [ca, leaf] = [join(directory, "ca.pem"), join(directory, "leaf.pem")];
  writeFileSync(ca, authority.certificate);
  writeFileSync(leaf, authority.issue(NAMES).cert);
  for (const name of [
    ["-verify_ip", "::1"],
    ["-verify_hostname", "localhost"],
  ]) {
    const flags = ["verify", "-x509_strict", "-purpose", "sslserver", ...name, "-CAfile", ca, leaf];
    expect(spawnSync("openssl", flags, { encoding: "utf8" }).stdout.trim()).toBe(`${leaf}: OK`);
  }
});
