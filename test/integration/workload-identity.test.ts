import { describe, expect, test } from "vitest";
import { EntraSimulator } from "../../src/testing/entra.js";
import type { EntraSimulatorOptions } from "../../src/testing/entra-options.js";
import { Child, type Settled } from "./support/child.js";
import { startNode } from "./support/node.js";
import { SHORT_BUDGET } from "./support/pod.js";
import { GUARDED_DEFAULT, IN_KUBERNETES, SCOPE } from "./support/setups.js";
import { budgetMs, SCALE, scaledEnvironment, scaledMs } from "./support/scale.js";
import { tokenRequests } from "./support/trouble.js";

/** IMDS answers, and for the node's own identity. */
const NO_NMI = { systemAssigned: { name: "node" }, nmi: { state: "down" } } as const;
const SUBJECT = "system:serviceaccount:default:app";
/** What replicas of Entra ID may take to learn of a new federated credential (retry/entra-verdicts.ts). */
const PROPAGATION_MS = 180_000;
const PLAIN_DEFAULT = { from: "sdk", name: "DefaultAzureCredential", args: [{}] } as const;

type Environment = Readonly<Record<string, string>>;

/** A pod that the webhook injected, as AKS does: with the authority of the public cloud. */
async function startPod(
  options: EntraSimulatorOptions,
  environment: Environment | ((entra: EntraSimulator) => Environment) = {},
): Promise<{ readonly entra: EntraSimulator; readonly child: Child } & AsyncDisposable> {
  const entra = await EntraSimulator.start(options);
  const child = await Child.start({
    ...IN_KUBERNETES,
    ...entra.environment,
    AZURE_AUTHORITY_HOST: "https://login.microsoftonline.com/",
    AZURE_IDENTITY_GUARD_EXPECTED_OBJECT_ID: entra.identity.objectId,
    ...(typeof environment === "function" ? environment(entra) : environment),
  });
  const end = async (): Promise<void> => {
    await child.end();
    await entra.close();
  };
  return { entra, child, [Symbol.asyncDispose]: end };
}

const failed = (told: Settled): Extract<Settled, { outcome: "error" }> => {
  if (told.outcome === "token") throw new Error("A token came where none should.");
  return told;
};

describe.concurrent("a pod that expects Workload ID and was not injected", () => {
  const EXPECTED = { ...IN_KUBERNETES, AZURE_IDENTITY_GUARD_GATE: "workload-identity" };

  test("is refused at once, is told which label is missing, and sends IMDS nothing", async () => {
    await using node = await startNode(NO_NMI);
    const { HOST_IP: _address, AZURE_IDENTITY_GUARD_NMI_URL: _url, ...route } = node.environment;
    await using child = await Child.start({ ...route, ...EXPECTED });
    const plain = await child.create(PLAIN_DEFAULT);
    // The node's identity would have answered.
    expect(await child.getToken(plain, SCOPE)).toMatchObject({ outcome: "token" });
    const asked = node.requests.length;
    const told = failed(await child.getToken(await child.create(GUARDED_DEFAULT), SCOPE));
    expect(told).toMatchObject({
      name: "IdentityGuardError",
      code: "ERR_GUARD_GATE_CLOSED",
      details: { reason: "not-injected", permanent: true, attempts: [] },
    });
    expect(told.message).toContain('azure.workload.identity/use: "true"');
    expect(node.requests).toHaveLength(asked);
  });

  test("gets nothing of the node's by any of the classes", async () => {
    await using node = await startNode(NO_NMI);
    const { HOST_IP: _address, AZURE_IDENTITY_GUARD_NMI_URL: _url, ...route } = node.environment;
    await using child = await Child.start({ ...route, ...EXPECTED });
    for (const name of ["ManagedIdentityCredential", "WorkloadIdentityCredential"]) {
      const told = await child.getToken(await child.create({ from: "guard", name }), SCOPE);
      expect(told).toMatchObject({ outcome: "error", code: "ERR_GUARD_GATE_CLOSED" });
    }
    expect(tokenRequests(node)).toEqual([]);
  });
});

describe.concurrent("a federated credential", () => {
  test("that replicas of Entra ID learn of one after another, the last after 45 s, is waited for", async () => {
    const knownAfterMs = [scaledMs(25), scaledMs(35), scaledMs(45)];
    await using pod = await startPod({ federatedCredentials: [] }, scaledEnvironment());
    const id = await pod.child.create(GUARDED_DEFAULT);
    pod.entra.federatedCredentials.add(pod.entra.identity, { knownAfterMs });
    const told = await pod.child.getToken(id, SCOPE);
    expect(told).toMatchObject({ outcome: "token", oid: pod.entra.identity.objectId });
    const attempts = (await pod.child.events(id)).filter(({ type }) => type === "attempt");
    expect(attempts.slice(0, -1).every(({ reason }) => reason === "federation-pending")).toBe(true);
    expect(attempts.length).toBeGreaterThan(1);
    expect(told.waitedMs).toBeLessThanOrEqual(budgetMs());
    // Another resource, by a replica that may not know yet.
    expect(await pod.child.getToken(id, "https://storage.azure.com/.default")).toMatchObject({
      outcome: "token",
    });
  });

  test("that is wrong is told with the issuer and the subject that were presented", async () => {
    await using pod = await startPod({ federatedCredentials: [{ subject: "other" }] }, SHORT_BUDGET);
    const id = await pod.child.create(GUARDED_DEFAULT);
    const told = failed(await pod.child.getToken(id, SCOPE));
    expect(told).toMatchObject({
      code: "ERR_GUARD_BUDGET_SPENT",
      details: { reason: "federation-pending" },
    });
    expect(told.message).toContain(SUBJECT);
    expect(told.message).toContain(pod.entra.cluster.url);
  });

  // What it takes to know that nothing propagates is not divided: it is Entra ID's time.
  test.runIf(SCALE === 1)("that is wrong is refused for good, after the time of propagation", async () => {
    await using pod = await startPod({ federatedCredentials: [{ subject: "other" }] });
    const id = await pod.child.create(GUARDED_DEFAULT);
    const begun = performance.now();
    let told = failed(await pod.child.getToken(id, SCOPE));
    while (told.code === "ERR_GUARD_BUDGET_SPENT") told = failed(await pod.child.getToken(id, SCOPE));
    expect(performance.now() - begun).toBeGreaterThanOrEqual(PROPAGATION_MS);
    expect(told).toMatchObject({ code: "ERR_GUARD_REJECTED", details: { reason: "federation-pending" } });
    expect(told.message).toContain(SUBJECT);
    expect(told.message).toContain(pod.entra.cluster.url);
    const asked = pod.entra.counters.tokenRequests;
    expect(await pod.child.getToken(id, SCOPE)).toMatchObject({ code: "ERR_GUARD_REJECTED" });
    expect(pod.entra.counters.tokenRequests).toBe(asked);
  });
});

describe.concurrent("an authority of its own", () => {
  const own = ({ authorityHost }: EntraSimulator): Environment => ({
    ...SHORT_BUDGET,
    AZURE_AUTHORITY_HOST: authorityHost,
  });

  test("that knows no such tenant is told as that, at once", async () => {
    const tenant = "00000000-0000-4000-8000-000000000001";
    await using pod = await startPod({}, (entra) => ({ ...own(entra), AZURE_TENANT_ID: tenant }));
    const told = failed(await pod.child.getToken(await pod.child.create(GUARDED_DEFAULT), SCOPE));
    expect(told).toMatchObject({ code: "ERR_GUARD_REJECTED", details: { reason: "credential-rejected" } });
    expect(told.details?.attempts).toHaveLength(1);
    expect(told.message).toContain("Correct AZURE_TENANT_ID");
  });

  test("whose certificate is not trusted is told as that", async () => {
    await using pod = await startPod({}, (entra) => ({ ...own(entra), NODE_EXTRA_CA_CERTS: "" }));
    const told = failed(await pod.child.getToken(await pod.child.create(GUARDED_DEFAULT), SCOPE));
    expect(told).toMatchObject({ code: "ERR_GUARD_BUDGET_SPENT", details: { reason: "connection-failed" } });
    expect(told.message).toContain("Set NODE_EXTRA_CA_CERTS");
  });
});

describe.concurrent("Entra ID that does not answer", () => {
  const SECRET = "a-secret-of-the-test";
  /** What a pod has beside what the webhook injects, or in its place. */
  const PODS = [
    { asked: "by exchange", options: {}, environment: {} },
    {
      asked: "with a secret of the environment",
      options: { application: { name: "app", secret: SECRET } },
      environment: { AZURE_FEDERATED_TOKEN_FILE: "", AZURE_CLIENT_SECRET: SECRET },
    },
  ] as const;

  test.each(PODS)(
    "is asked again, as often as is owed to a call, $asked",
    async ({ options, environment }) => {
      await using pod = await startPod(options, {
        ...environment,
        AZURE_IDENTITY_GUARD_ATTEMPT_TIMEOUT: "1s",
        AZURE_IDENTITY_GUARD_RETRY_BUDGET: "30s",
      });
      const hanging = pod.entra.faults.next("entra-token", { kind: "hang" }, { times: 4 });
      const id = await pod.child.create(GUARDED_DEFAULT);
      expect(await pod.child.getToken(id, SCOPE)).toMatchObject({
        outcome: "token",
        oid: pod.entra.identity.objectId,
      });
      expect(hanging.used).toBe(4);
    },
  );

  test.each(
    PODS.flatMap((pod) => [
      { ...pod, left: "after close()", close: true },
      { ...pod, left: "without close()", close: false },
    ]),
  )("lets the process end, $left, $asked", async ({ options, environment, close }) => {
    await using pod = await startPod(options, { ...SHORT_BUDGET, ...environment });
    pod.entra.faults.always("entra-token", { kind: "hang" });
    const id = await pod.child.create(GUARDED_DEFAULT);
    const left = await pod.child.getToken(id, SCOPE, { abortAfterMs: 500 });
    expect(left).toMatchObject({ outcome: "error", name: "AbortError" });
    if (close) await pod.child.closeCredential(id);
    else expect(await pod.child.getToken(id, SCOPE)).toMatchObject({ code: "ERR_GUARD_BUDGET_SPENT" });
    // It must exit by itself, which is looked at here.
    await pod.child.end();
  });
});
