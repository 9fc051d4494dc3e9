import { describe, expect, test } from "vitest";
import { CLASSES, failure, resolve, WRAPPER } from "./resolve.js";

const URL_VARIABLE = "AZURE_IDENTITY_GUARD_NMI_URL";
const GATE_VARIABLE = "AZURE_IDENTITY_GUARD_GATE";
const health = (host: string): string => `http://${host}:8085/healthz`;

describe("NMI's health URL", () => {
  const environment = { HOST_IP: "10.0.0.1", [URL_VARIABLE]: health("10.0.0.2") };

  test.each([
    ["nmi.url", { url: health("10.0.0.4"), hostIp: "10.0.0.3" }, environment, "10.0.0.4"],
    ["nmi.hostIp", { hostIp: "10.0.0.3" }, environment, "10.0.0.3"],
    [URL_VARIABLE, {}, environment, "10.0.0.2"],
    ["HOST_IP", {}, { HOST_IP: " 10.0.0.1\n" }, "10.0.0.1"],
  ])("is taken from %s", (from, nmi, variables, host) => {
    expect(resolve({ nmi }, variables)).toMatchObject({ nmiUrl: health(host), nmiUrlFrom: from });
  });

  test.each([
    ["none", CLASSES],
    ["workload-identity", CLASSES],
    ["proxy", CLASSES],
    [undefined, WRAPPER],
  ] as const)("is not looked for where the gate is %s", (gate, defaults) => {
    expect(resolve({ gate }, environment, defaults)).toMatchObject({
      nmiUrl: undefined,
      nmiUrlFrom: undefined,
    });
  });

  test("is not found in auto without an address, which is no problem", () => {
    expect(resolve({ gate: "auto" })).toMatchObject({
      nmiUrl: undefined,
      nmiUrlFrom: undefined,
      hostIp: undefined,
    });
  });

  test("may have an IPv6 address", () => {
    expect(resolve(undefined, { [URL_VARIABLE]: health("[fd00::4]"), HOST_IP: "fd00::4" }).nmiUrl).toBe(
      health("[fd00::4]"),
    );
  });

  test.each([
    "10.240.0.4",
    "10.240.0.4:8085",
    "localhost:8085/healthz",
    "http://10.240.0.4:8085",
    "http://10.240.0.4:8085/",
    "https://10.240.0.4:8085/healthz",
    "http:10.240.0.4/healthz",
    "http://10.240.0.4:99999/healthz",
    "http://user:pw@10.240.0.4/healthz",
    "http://10.240.0.4/a b",
    "http://",
  ])("cannot be %s", (url) => {
    expect(failure(undefined, { [URL_VARIABLE]: url }).names).toEqual([URL_VARIABLE]);
    expect(failure({ nmi: { url } }).names).toEqual(["nmi.url"]);
  });

  test("is checked as an option whatever the gate is", () => {
    expect(failure({ gate: "none", nmi: { url: "x", hostIp: "y", pollIntervalMs: 0 } }).names).toEqual([
      "nmi.url",
      "nmi.hostIp",
      "nmi.pollIntervalMs",
    ]);
  });
});

describe("HOST_IP", () => {
  test.each([{ gate: "nmi" }, undefined])(
    "missing under the NMI gate is answered with the YAML that sets it",
    (given) => {
      const { names, message } = failure(given, { [GATE_VARIABLE]: "nmi" });
      expect(names).toEqual(["HOST_IP"]);
      expect(message).toContain("fieldRef: { fieldPath: status.hostIP }");
    },
  );

  test("is not missed where a bad URL was given", () => {
    expect(failure({ gate: "nmi", nmi: { url: "x" } }).names).toEqual(["nmi.url"]);
    expect(failure({ gate: "nmi", nmi: { hostIp: "x" } }).names).toEqual(["nmi.hostIp"]);
    expect(failure({ gate: "nmi" }, { [URL_VARIABLE]: "x" }).names).toEqual([URL_VARIABLE]);
  });

  test.each(["fd00::4", "::1", "10.240.0.4:8085", "node-1", "10.240.0", "http://10.240.0.4"])(
    "cannot be %s",
    (HOST_IP) => {
      expect(failure(undefined, { HOST_IP }).names).toEqual(["HOST_IP"]);
      expect(failure({ gate: "nmi" }, { HOST_IP }).names).toEqual(["HOST_IP"]);
    },
  );

  test("that is an IPv6 address is answered with what to do", () => {
    const { message } = failure(undefined, { HOST_IP: "fd00::4" });
    expect(message).toContain(URL_VARIABLE);
    expect(message).toContain(`${GATE_VARIABLE}=none`);
  });

  const DECIDING = [
    ["AZURE_FEDERATED_TOKEN_FILE"],
    ["IDENTITY_ENDPOINT", "IDENTITY_HEADER"],
    ["IDENTITY_ENDPOINT", "IMDS_ENDPOINT"],
    ["MSI_ENDPOINT"],
    [URL_VARIABLE],
  ];
  const withBad = (names: readonly string[]): Record<string, string> => ({
    HOST_IP: "fd00::4",
    ...Object.fromEntries(names.map((name) => [name, health("10.0.0.4")])),
  });

  test.each(DECIDING.map((names) => [names]))("does not matter in auto where %j decides", (names) => {
    expect(failure(undefined, withBad(names)).names).toEqual([]);
  });

  test.each(DECIDING.filter(({ length }) => length > 1).flatMap((names) => names.map((name) => [name])))(
    "matters in auto where %s, half of what decides, is alone",
    (name) => {
      expect(failure(undefined, withBad([name])).names).toEqual(["HOST_IP"]);
    },
  );

  test("does not matter where the gate is neither nmi nor auto", () => {
    expect(failure({ gate: "workload-identity" }, { HOST_IP: "fd00::4" }).names).toEqual([]);
  });
});
