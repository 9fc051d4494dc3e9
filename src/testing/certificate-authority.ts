import { createHash, generateKeyPairSync, randomBytes, sign } from "node:crypto";
import type { KeyObject } from "node:crypto";
import { isIP } from "node:net";
import {
  bitString,
  integer,
  objectIdentifier,
  octetString,
  sequence,
  set,
  tagged,
  time,
  TRUE,
  utf8String,
} from "./der.js";

/**
 * A certificate and its key in PEM, by the names that `node:https` and `node:tls` give them.
 *
 * @public
 */
export interface ServerCertificate {
  readonly cert: string;
  readonly key: string;
}

/** Makes certificates that those who trust its own accept. */
export interface CertificateAuthority {
  /** PEM. */
  readonly certificate: string;
  /** For a server of these host names and IP addresses. */
  issue(names: readonly string[]): ServerCertificate;
}

const DAY_MS = 86_400_000;
const NAME = "azure-identity-guard simulator";

/** RFC 5758, `ecdsa-with-SHA256`; it has no parameters. */
const ALGORITHM = sequence(objectIdentifier("1.2.840.10045.4.3.2"));

/** An X.509 v3 extension (RFC 5280 section 4.2), by the last number of its identifier below `id-ce`. */
function extension(number: number, value: Uint8Array, critical = false): Buffer {
  const identifier = objectIdentifier(`2.5.29.${number}`);
  return sequence(identifier, ...(critical ? [TRUE] : []), octetString(value));
}

const BASIC_CONSTRAINTS = 19;
const KEY_USAGE = 15;
const EXTENDED_KEY_USAGE = 37;
const SUBJECT_ALTERNATIVE_NAME = 17;
const SUBJECT_KEY_IDENTIFIER = 14;
const AUTHORITY_KEY_IDENTIFIER = 35;

interface Key {
  readonly privateKey: KeyObject;
  /** SubjectPublicKeyInfo. */
  readonly spki: Buffer;
  readonly identifier: Buffer;
}

/** P-256: made in a millisecond, where an RSA key takes a tenth of a second. */
function createKey(): Key {
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const spki = publicKey.export({ type: "spki", format: "der" });
  // The point itself, without its algorithm: 0x04, x and y.
  const identifier = createHash("sha1").update(spki.subarray(-65)).digest();
  return { privateKey, spki, identifier };
}

interface Content {
  readonly subject: string;
  readonly key: Key;
  readonly issuer: string;
  readonly issuerKey: Key;
  readonly extensions: readonly Buffer[];
}

function nameOf(commonName: string): Buffer {
  return sequence(set(sequence(objectIdentifier("2.5.4.3"), utf8String(commonName))));
}

/** RFC 5280 section 4.1. Valid by the machine's clock, which is what TLS goes by, from yesterday for a year. */
function certificate({ subject, key, issuer, issuerKey, extensions }: Content): string {
  const now = Date.now();
  const identifiers = [
    extension(SUBJECT_KEY_IDENTIFIER, octetString(key.identifier)),
    extension(AUTHORITY_KEY_IDENTIFIER, sequence(tagged(0x80, issuerKey.identifier))),
  ];
  const signed = sequence(
    tagged(0xa0, integer(Buffer.of(2))),
    integer(randomBytes(16)),
    ALGORITHM,
    nameOf(issuer),
    sequence(time(new Date(now - DAY_MS)), time(new Date(now + 365 * DAY_MS))),
    nameOf(subject),
    key.spki,
    tagged(0xa3, sequence(...extensions, ...identifiers)),
  );
  const signature = sign("sha256", signed, issuerKey.privateKey);
  const lines =
    sequence(signed, ALGORITHM, bitString(signature))
      .toString("base64")
      .match(/.{1,64}/g) ?? [];
  return ["-----BEGIN CERTIFICATE-----", ...lines, "-----END CERTIFICATE-----", ""].join("\n");
}

/** The 16 bytes of an IPv6 address, the 4 of an IPv4 address. */
function addressBytes(address: string): Buffer {
  if (isIP(address) === 4) return Buffer.from(address.split(".").map(Number));
  // The URL parser gives the canonical form, in which no IPv4 part is left.
  const canonical = new URL(`http://[${address}]/`).hostname.slice(1, -1);
  const [head = "", tail] = canonical.split("::");
  const groups = (text: string): string[] => text.split(":").filter((group) => group !== "");
  const [first, last] = [groups(head), groups(tail ?? "")];
  const zeros = new Array<string>(8 - first.length - last.length).fill("0");
  return Buffer.from([...first, ...zeros, ...last].map((group) => group.padStart(4, "0")).join(""), "hex");
}

function alternativeName(name: string): Buffer {
  return isIP(name) === 0 ? tagged(0x82, Buffer.from(name, "ascii")) : tagged(0x87, addressBytes(name));
}

/** A new authority: its key is nowhere but in this process, and what it signs is for tests. */
export function createCertificateAuthority(): CertificateAuthority {
  const authorityKey = createKey();
  // Authorities of two simulators are told apart by name too.
  const authority = `${NAME} ${authorityKey.identifier.toString("hex").slice(0, 8)}`;
  return {
    certificate: certificate({
      subject: authority,
      key: authorityKey,
      issuer: authority,
      issuerKey: authorityKey,
      extensions: [
        extension(BASIC_CONSTRAINTS, sequence(TRUE, integer(Buffer.of(0))), true),
        // keyCertSign and cRLSign.
        extension(KEY_USAGE, bitString(Buffer.of(0b0000_0110), 1), true),
      ],
    }),
    issue(names) {
      const key = createKey();
      const cert = certificate({
        subject: names[0] ?? NAME,
        key,
        issuer: authority,
        issuerKey: authorityKey,
        extensions: [
          extension(BASIC_CONSTRAINTS, sequence(), true),
          // digitalSignature, which is all that a key for ECDSA does in TLS.
          extension(KEY_USAGE, bitString(Buffer.of(0b1000_0000), 7), true),
          // id-kp-serverAuth.
          extension(EXTENDED_KEY_USAGE, sequence(objectIdentifier("1.3.6.1.5.5.7.3.1"))),
          extension(SUBJECT_ALTERNATIVE_NAME, sequence(...names.map(alternativeName))),
        ],
      });
      return { cert, key: key.privateKey.export({ type: "pkcs8", format: "pem" }).toString() };
    },
  };
}
