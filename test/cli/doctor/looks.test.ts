import { describe, expect, test } from "vitest";
import { detectPlane } from "../../../src/cli/doctor/detect-plane.js";
import { podFacts } from "../../../src/cli/doctor/pod-facts.js";
import { capturingProxy } from "../../../src/cli/doctor/proxy-variables.js";
import { readSettings } from "../../../src/cli/doctor/read-settings.js";
import { firstClock, timedProbe } from "../../../src/cli/doctor/timed-probe.js";
import { clockWords, took } from "../../../src/cli/doctor/words.js";
import { ManualClock } from "../../../src/testing/manual-clock.js";
import { OID, route } from "./observed.js";

const METADATA = "http://169.254.169.254";

describe("a proxy captures the metadata address", () => {
  test.each<[Readonly<Record<string, string>>, string | undefined]>([
    [{}, undefined],
    [{ HTTP_PROXY: "http://p:1" }, "HTTP_PROXY"],
    [{ http_proxy: "http://p:1" }, "http_proxy"],
    // One for the other scheme takes the requests of both.
    [{ HTTPS_PROXY: "http://p:1", HTTP_PROXY: "http://q:1" }, "HTTPS_PROXY"],
    [{ ALL_PROXY: "http://p:1", HTTP_PROXY: "http://q:1" }, "ALL_PROXY"],
    [{ HTTP_PROXY: "http://p:1", NO_PROXY: "169.254.169.254" }, undefined],
    [{ HTTP_PROXY: "http://p:1", no_proxy: "localhost, 169.254.169.254 " }, undefined],
    [{ HTTP_PROXY: "http://p:1", NO_PROXY: ".254" }, undefined],
    [{ HTTP_PROXY: "http://p:1", NO_PROXY: "169.254.0.0/16" }, "HTTP_PROXY"],
    [{ HTTP_PROXY: "http://p:1", NO_PROXY: "*" }, "HTTP_PROXY"],
    [{ HTTP_PROXY: "http://p:1", NO_PROXY: "localhost,127.0.0.1" }, "HTTP_PROXY"],
    [{ HTTP_PROXY: " " }, undefined],
  ])("with %j: %s", (environment, variable) => {
    expect(capturingProxy(environment, METADATA)?.variable).toBe(variable);
  });

  test("and its password is not shown", () => {
    expect(capturingProxy({ HTTP_PROXY: "http://user:secret@p:3128" }, METADATA)?.proxy).toBe("p:3128");
    expect(capturingProxy({ HTTP_PROXY: "user:secret@p" }, METADATA)?.proxy).not.toContain("secret");
  });
});

describe("a proxy is no URL", () => {
  test.each<[Readonly<Record<string, string>>, string | undefined]>([
    [{ HTTPS_PROXY: "http://p:1" }, undefined],
    [{ HTTP_PROXY: "https://p:1", NO_PROXY: "169.254.169.254" }, undefined],
    [{ HTTPS_PROXY: "p:1" }, "HTTPS_PROXY"],
    [{ https_proxy: "10.0.0.1:3128", NO_PROXY: "169.254.169.254" }, "https_proxy"],
    [{ ALL_PROXY: "socks5://p:1" }, "ALL_PROXY"],
    // Which nobody reads then.
    [{ HTTPS_PROXY: "http://p:1", HTTP_PROXY: "p:1" }, undefined],
    [{}, undefined],
  ])("with %j: %s", (environment, variable) => {
    expect(readSettings(environment, []).proxyWithoutScheme).toBe(variable);
  });
});

describe("the plane", () => {
  const NODE = { HOST_IP: "10.240.0.4" };
  const SECRET = { AZURE_TENANT_ID: OID, AZURE_CLIENT_ID: OID, AZURE_CLIENT_SECRET: "the-secret" };
  test.each<[string, Readonly<Record<string, string>>, Parameters<typeof route>[0], string]>([
    ["HOST_IP", NODE, "nmi", "nmi"],
    ["HOST_IP, and IMDS answers", NODE, "imds", "nmi"],
    ["HOST_IP, and the proxy answers", NODE, "proxy", "proxy"],
    ["nothing, and NMI answers", {}, "nmi", "nmi"],
    ["nothing, and the proxy answers", {}, "proxy", "proxy"],
    ["nothing, and IMDS answers", {}, "imds", "imds"],
    ["nothing, and somebody answers", {}, "unknown", "imds"],
    ["nothing, and nobody answers", {}, "unreachable", "none"],
    ["a token file", { AZURE_FEDERATED_TOKEN_FILE: "/token" }, "imds", "workload-identity"],
    [
      "the gate of Workload ID",
      { AZURE_IDENTITY_GUARD_GATE: "workload-identity" },
      "imds",
      "workload-identity",
    ],
    ["the gate of the proxy", { AZURE_IDENTITY_GUARD_GATE: "proxy" }, "imds", "proxy"],
    ["no gate", { ...NODE, AZURE_IDENTITY_GUARD_GATE: "none" }, "imds", "imds"],
    ["a secret", { ...NODE, ...SECRET }, "nmi", "environment"],
    [
      "a secret that is not taken",
      { ...NODE, ...SECRET, AZURE_TOKEN_CREDENTIALS: "ManagedIdentityCredential" },
      "nmi",
      "nmi",
    ],
    ["a secret of nobody", { ...NODE, AZURE_CLIENT_SECRET: "x" }, "nmi", "nmi"],
    [
      "a password without a name",
      { ...NODE, ...SECRET, AZURE_CLIENT_SECRET: "", AZURE_PASSWORD: "x" },
      "nmi",
      "nmi",
    ],
    ["App Service", { IDENTITY_ENDPOINT: "http://e", IDENTITY_HEADER: "h" }, "unreachable", "app-service"],
    [
      "Service Fabric",
      { IDENTITY_ENDPOINT: "https://e", IDENTITY_HEADER: "h", IDENTITY_SERVER_THUMBPRINT: "t" },
      "unreachable",
      "service-fabric",
    ],
    [
      "Azure Machine Learning",
      { MSI_ENDPOINT: "http://e", MSI_SECRET: "s" },
      "unreachable",
      "machine-learning",
    ],
    ["Cloud Shell", { MSI_ENDPOINT: "http://e" }, "unreachable", "cloud-shell"],
    ["Azure Arc", { IDENTITY_ENDPOINT: "http://e", IMDS_ENDPOINT: "http://i" }, "unreachable", "arc"],
  ])("of %s", (_situation, environment, who, kind) => {
    expect(detectPlane(environment, readSettings(environment, []), route(who).route).kind).toBe(kind);
  });
});

describe("the settings", () => {
  test("are read on where one of them cannot be used", () => {
    const seen = readSettings({ HOST_IP: "10.240.0.4", AZURE_IDENTITY_GUARD_RETRY_BUDGET: "80" }, []);
    expect(seen.problems.map(({ name }) => name)).toEqual(["AZURE_IDENTITY_GUARD_RETRY_BUDGET"]);
    expect(seen).toMatchObject({ nmiUrl: "http://10.240.0.4:8085/healthz", nmiUrlFrom: "HOST_IP" });
  });

  test("say whether the node's address is the pod's own", () => {
    const environment = { HOST_IP: "10.240.0.4" };
    expect(readSettings(environment, ["10.240.0.4"]).onHostNetwork).toBe(true);
    expect(readSettings(environment, ["10.244.1.7"]).onHostNetwork).toBe(false);
  });

  test("name a metadata address that cannot be used, and hold none of the SDK's secrets", () => {
    const environment = {
      AZURE_POD_IDENTITY_AUTHORITY_HOST: "169.254.169.254",
      AZURE_CLIENT_SECRET: "the-secret",
      IDENTITY_HEADER: "the-header",
      AZURE_IDENTITY_GUARD_EXPECTED_OBJECT_ID: OID,
    };
    const seen = readSettings(environment, []);
    expect(seen.problems.map(({ name }) => name)).toEqual(["AZURE_POD_IDENTITY_AUTHORITY_HOST"]);
    expect(seen.expected).toEqual({ objectIds: [OID], any: true });
    expect(JSON.stringify(seen)).not.toMatch(/the-secret|the-header/u);
  });
});

describe("the pod", () => {
  const nobody = async (): Promise<never> => await Promise.reject(new Error("ENOENT"));

  test("is named by its host name and its service account", async () => {
    const environment = { KUBERNETES_SERVICE_HOST: "10.0.0.1", HOSTNAME: "app-1" };
    const subject = "system:serviceaccount:shop:app";
    expect(await podFacts(environment, { subject }, nobody, false)).toEqual({
      inKubernetes: true,
      name: "app-1",
      namespace: "shop",
      serviceAccount: "app",
    });
  });

  test("has the namespace of the file that the kubelet mounts, and no name that is none", async () => {
    const environment = { KUBERNETES_SERVICE_HOST: "10.0.0.1", HOSTNAME: "x; rm -rf /" };
    const readFile = async (): Promise<{ text: string }> => await Promise.resolve({ text: "shop\n" });
    expect(await podFacts(environment, {}, readFile, false)).toEqual({
      inKubernetes: true,
      namespace: "shop",
    });
  });

  test("has no name on the host network, where the host's is the node's", async () => {
    const environment = { KUBERNETES_SERVICE_HOST: "10.0.0.1", HOSTNAME: "node-1" };
    expect(await podFacts(environment, {}, nobody, true)).toEqual({ inKubernetes: true });
  });

  test("is none outside of Kubernetes", async () => {
    expect(await podFacts({ HOSTNAME: "laptop" }, {}, nobody, false)).toEqual({ inKubernetes: false });
  });
});

describe("the clock", () => {
  const START = Date.UTC(2026, 10, 24, 12, 0, 0);

  test("is compared with the date of an answer, half of whose way is over", async () => {
    const clock = new ManualClock({ now: START + 600_000 });
    const timed = timedProbe(async () => {
      await clock.advance(2_000);
      return { status: 400, server: undefined, body: "", date: new Date(START).toUTCString() };
    }, clock);
    expect(timed.aheadMs()).toBeUndefined();
    await timed.probe("http://x", { signal: new AbortController().signal });
    expect(timed.aheadMs()).toBe(600_000 + 1_000 - 500);
    expect(timed.ms()).toBe(2_000);
  });

  test("is compared with nobody where an answer has no date", async () => {
    const timed = timedProbe(
      async () => await Promise.resolve({ status: 400, server: undefined, body: "", date: "yesterday" }),
      new ManualClock(),
    );
    await timed.probe("http://x", { signal: new AbortController().signal });
    expect(timed.aheadMs()).toBeUndefined();
  });

  test("is told of the first who has one, in words", () => {
    expect(
      firstClock([
        ["A", undefined],
        ["B", 5],
      ]),
    ).toEqual({ against: "B", aheadMs: 5 });
    expect(firstClock([["A", undefined]])).toBeUndefined();
    expect(clockWords({ against: "IMDS's clock", aheadMs: 1_203_000 })).toBe("20m3s ahead of IMDS's clock");
    expect(clockWords({ against: "IMDS's clock", aheadMs: -61_000 })).toBe("1m1s behind IMDS's clock");
    expect(clockWords({ against: "IMDS's clock", aheadMs: -900 })).toBe("agrees with IMDS's clock");
  });

  test("times are told in tenths of a second", () => {
    expect([took(3), took(999), took(5_004), took(1_049)]).toEqual(["3ms", "999ms", "5s", "1s"]);
  });
});
