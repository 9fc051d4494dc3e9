import { expect, test, vi } from "vitest";
import { readEnvironment } from "../../src/config/environment.js";

test("copies the variables that the library uses, and no others", () => {
  const source = {
    AZURE_IDENTITY_GUARD_GATE: "nmi",
    AZURE_CLIENT_ID: "c",
    HOST_IP: "10.0.0.4",
    IDENTITY_ENDPOINT: "e",
    IMDS_ENDPOINT: "i",
    MSI_ENDPOINT: "m",
    KUBERNETES_SERVICE_HOST: "k",
  };
  expect(readEnvironment({ ...source, PATH: "p", DATABASE_PASSWORD: "x" })).toEqual(source);
});

test.each(["", "  ", "\n"])("counts the value %j as unset", (value) => {
  expect(readEnvironment({ HOST_IP: value })).toEqual({});
});

test("returns a frozen copy that later changes of the source do not reach", () => {
  const source: Record<string, string> = { HOST_IP: "10.0.0.4" };
  const environment = readEnvironment(source);
  source["HOST_IP"] = "10.0.0.5";
  expect(environment["HOST_IP"]).toBe("10.0.0.4");
  expect(Object.isFrozen(environment)).toBe(true);
});

test("reads the environment of the process where none is given", () => {
  vi.stubEnv("AZURE_IDENTITY_GUARD_RETRY_BUDGET", "7s");
  expect(readEnvironment()["AZURE_IDENTITY_GUARD_RETRY_BUDGET"]).toBe("7s");
});
