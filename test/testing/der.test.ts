import { expect, test } from "vitest";
import { bitString, integer, objectIdentifier, octetString, sequence, time } from "../../src/testing/der.js";

const hex = (value: Buffer): string => value.toString("hex");

// Examples from ITU-T X.690 and from RFC 5280's own encodings.
test.each([
  ["0", [0x00], "020100"],
  ["127", [0x7f], "02017f"],
  ["128, whose highest bit is no sign", [0x80], "02020080"],
  ["256", [0x01, 0x00], "02020100"],
  ["1 with zeros before it", [0x00, 0x00, 0x01], "020101"],
])("writes the integer %s", (_what, bytes, expected) => {
  expect(hex(integer(Buffer.from(bytes)))).toBe(expected);
});

test.each([
  ["2.5.4.3", "0603550403"],
  ["1.2.840.10045.4.3.2", "06082a8648ce3d040302"],
  ["1.3.6.1.5.5.7.3.1", "06082b06010505070301"],
])("writes the object identifier %s", (dotted, expected) => {
  expect(hex(objectIdentifier(dotted))).toBe(expected);
});

test.each([
  [0, "0400"],
  [127, "047f"],
  [128, "048180"],
  [256, "04820100"],
  [65_536, "0483010000"],
])("writes a length of %i", (length, header) => {
  expect(hex(octetString(Buffer.alloc(length))).startsWith(header)).toBe(true);
});

test("says how many bits at the end are unused", () => {
  expect(hex(bitString(Buffer.of(0x80), 7))).toBe("03020780");
});

test("puts values into each other", () => {
  expect(hex(sequence(integer(Buffer.of(1)), sequence()))).toBe("30050201013000");
});

test.each([
  ["2026-01-02T03:04:05.678Z", "170d3236303130323033303430355a"],
  ["2049-12-31T23:59:59Z", "170d3439313233313233353935395a"],
  ["2050-01-01T00:00:00Z", "180f32303530303130313030303030305a"],
])("writes the time %s", (at, expected) => {
  expect(hex(time(new Date(at)))).toBe(expected);
});
