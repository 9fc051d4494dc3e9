import { expect, test } from "vitest";
import { provenanceOf } from "../../src/endpoint/provenance.js";

const PROXY = "azure-workload-identity/proxy/v1.6.0 (linux/amd64) 1234567/2026-01-02-03:04";

test.each<[string, Parameters<typeof provenanceOf>[0], string]>([
  ["IMDS by its name", { status: 200, server: "IMDS/150.870.65.1854" }, "imds"],
  ["IMDS by its name in another case", { status: 400, server: "imds/150" }, "imds"],
  ["the proxy by its name", { status: 500, server: PROXY }, "proxy"],
  ["NMI by the absence of a name", { status: 200, server: undefined }, "nmi"],
  ["NMI on any status", { status: 503, server: undefined }, "nmi"],
  [
    "NMI with its own body",
    { status: 200, server: undefined, body: { access_token: "x", refresh_token: "" } },
    "nmi",
  ],
  ["NMI with its array", { status: 200, server: undefined, body: [{ access_token: "x" }] }, "nmi"],
  ["IMDS whose name was removed", { status: 200, server: undefined, body: { client_id: "x" } }, "imds"],
  [
    "IMDS whose name was rewritten",
    { status: 200, server: "istio-envoy", body: { ext_expires_in: "1" } },
    "imds",
  ],
  ["an unknown name", { status: 200, server: "istio-envoy", body: { access_token: "x" } }, "unknown"],
  ["an empty name", { status: 400, server: "" }, "unknown"],
  ["a name that only contains IMDS", { status: 200, server: "not-IMDS/1" }, "unknown"],
  [
    "fields of IMDS in an error, which prove nothing",
    { status: 400, server: undefined, body: { client_id: "x" } },
    "nmi",
  ],
  ["the proxy, whatever its body", { status: 200, server: PROXY, body: { client_id: "x" } }, "proxy"],
])("recognises %s", (_name, answer, expected) => {
  expect(provenanceOf(answer)).toBe(expected);
});
