import type { TokenCredential } from "@azure/core-auth";
import { ClientSecretCredential } from "@azure/identity";
import {
  DefaultAzureCredential,
  guard,
  isGuardError,
  ManagedIdentityCredential,
  nmiGate,
  type Gate,
  type GuardedCredential,
  type GuardErrorCode,
  type HealthState,
} from "azure-identity-guard";
import {
  createFetchHandler,
  createProbeHandler,
  drain,
  renderMetrics,
  startProbeServer,
  type ProbeCheck,
  type ProbeServer,
} from "azure-identity-guard/probes";
import { createServer } from "node:http";
import { ManualClock, NodeSimulator } from "azure-identity-guard/testing";

const always: Gate = {
  name: "always",
  check: async () => ({ state: "open", reason: "custom:always", observedAt: 0 }),
};

const secret = new ClientSecretCredential("tenant", "client", "secret");
export const wrapped: GuardedCredential = guard(secret, {
  gate: nmiGate({ hostIp: "10.240.0.4" }),
  retry: { budgetMs: 80_000, minRetries: 4 },
  expect: { objectId: "9c1a2f4e-1f9d-4a6e-8a25-6b6c5a0e7d11" },
});

// Each is what clients of the Azure SDK take.
export const credentials: TokenCredential[] = [
  wrapped,
  new DefaultAzureCredential({ managedIdentityClientId: "client", guard: { gate: always } }),
  new ManagedIdentityCredential("client"),
  new ManagedIdentityCredential({ resourceId: "/subscriptions/s/resourceGroups/g" }),
];

export async function use(): Promise<HealthState | GuardErrorCode> {
  const off = wrapped.health.on("change", ({ from, to }) => console.log(from, to));
  try {
    await wrapped.warmUp("https://vault.azure.net/.default");
    const { token, expiresOnTimestamp } = await wrapped.getToken(["https://vault.azure.net/.default"]);
    console.log(token.length, expiresOnTimestamp);
    return wrapped.health.snapshot().state;
  } catch (error) {
    if (isGuardError(error, "ERR_GUARD_BUDGET_SPENT")) console.log(error.details.budgetMs);
    // @ts-expect-error a code narrows the details to its own fields
    if (isGuardError(error, "ERR_GUARD_CLOSED")) console.log(error.details.budgetMs);
    if (isGuardError(error)) return error.code;
    throw error;
  } finally {
    off();
    await wrapped.close();
  }
}

export async function simulate(): Promise<string> {
  const clock = new ManualClock({ now: 0 });
  const node = await NodeSimulator.start({ clock });
  try {
    return node.healthUrl;
  } finally {
    await node.close();
  }
}

// @ts-expect-error gates have names that are known
guard(secret, { gate: "nim" });

const queue: ProbeCheck = { name: "queue", check: async ({ abortSignal }) => !abortSignal.aborted };

export async function probes(): Promise<ProbeServer> {
  createServer(createProbeHandler()).listen(8086);
  createServer(createProbeHandler(wrapped, { prefix: "/health", checks: [queue] })).listen(8087);
  const answer: Response = await createFetchHandler([wrapped.health])(new Request("http://pod/readyz"));
  console.log(answer.status, renderMetrics(wrapped));
  process.once("SIGTERM", () => drain());
  return await startProbeServer({ port: 8088, page: true, drainOn: { delayMs: 5_000 } });
}

// @ts-expect-error probes have names that are known
createProbeHandler(wrapped, { checks: [{ name: "disk", check: () => true, probes: ["readyz"] }] });
