import { describe, expect, test } from "vitest";
import { createIdentity } from "../../src/testing/simulated-identity.js";
import { codeOf, exchange, manualEntra } from "./entra-harness.js";
import { json } from "./harness.js";

const SUBJECT = "system:serviceaccount:default:app";

async function codes(entra: Parameters<typeof exchange>[0], count: number): Promise<number[]> {
  const seen: number[] = [];
  for (let i = 0; i < count; i += 1) seen.push(codeOf(await exchange(entra)));
  return seen;
}

describe("a credential that does not fit", () => {
  test.each([
    [
      "is missing",
      [],
      400,
      `AADSTS70021: No matching federated identity record found for presented assertion. Assertion Issuer: '<issuer>'. ` +
        `Assertion Subject: '${SUBJECT}'. Assertion Audience: 'api://AzureADTokenExchange'.`,
    ],
    [
      "lacks the slash of the issuer",
      [{ issuer: "https://westeurope.oic.prod-aks.azure.com/x" }],
      401,
      "AADSTS700211: No matching federated identity record found for presented assertion issuer '<issuer>'.",
    ],
    [
      "has another audience",
      [{ audience: "api://AzureADTokenExchangeChina" }],
      401,
      "AADSTS700212: No matching federated identity record found for presented assertion audience 'api://AzureADTokenExchange'.",
    ],
    [
      "has the subject in another case",
      [{ subject: "system:serviceaccount:default:App" }],
      401,
      `AADSTS700213: No matching federated identity record found for presented assertion subject '${SUBJECT}'. Check your ` +
        "federated identity credential Subject, Audience and Issuer against the presented assertion. " +
        "https://learn.microsoft.com/entra/workload-id/workload-identity-federation",
    ],
  ])("%s: the text says what was presented", async (_what, federatedCredentials, status, text) => {
    const { entra } = await manualEntra({ federatedCredentials });
    const answer = await exchange(entra);
    expect(answer.status).toBe(status);
    const [first] = String(json(answer)["error_description"]).split("\r\n");
    expect(first).toBe(text.replace("<issuer>", entra.cluster.url));
  });

  test("does no harm beside one that does", async () => {
    const { entra } = await manualEntra({
      federatedCredentials: [{ subject: "other" }, { issuer: "x" }, {}],
    });
    expect((await exchange(entra)).status).toBe(200);
  });

  test("may be another application's", async () => {
    const { entra } = await manualEntra({ federatedCredentials: [] });
    const other = entra.directory.addApplication({ name: "other" });
    entra.federatedCredentials.add(other);
    expect(codeOf(await exchange(entra))).toBe(70_021);
    expect((await exchange(entra, { client_id: other.clientId })).status).toBe(200);
  });
});

describe("propagation", () => {
  test("replicas disagree until the last has learned of it", async () => {
    const { entra, clock } = await manualEntra({
      federatedCredentials: [{ knownAfterMs: [0, 20_000, 45_000] }],
    });
    expect(await codes(entra, 6)).toEqual([200, 70_021, 70_021, 200, 70_021, 70_021]);
    await clock.advance(20_000);
    expect(await codes(entra, 3)).toEqual([200, 200, 70_021]);
    await clock.advance(24_999);
    expect(await codes(entra, 3)).toEqual([200, 200, 70_021]);
    await clock.advance(1);
    expect(await codes(entra, 3)).toEqual([200, 200, 200]);
    expect(entra.counters).toMatchObject({ tokenRequests: 15, tokens: 9, refused: 6, byReplica: [5, 5, 5] });
  });

  test("takes the same time everywhere where one number is given", async () => {
    const { entra, clock } = await manualEntra({ federatedCredentials: [{ knownAfterMs: 45_000 }] });
    expect(await codes(entra, 3)).toEqual([70_021, 70_021, 70_021]);
    await clock.advance(45_000);
    expect(await codes(entra, 3)).toEqual([200, 200, 200]);
  });

  test("is told as a wrong subject where an older credential of the issuer is known", async () => {
    const { entra } = await manualEntra({
      federatedCredentials: [{ subject: "old" }, { knownAfterMs: [0, 1] }],
    });
    expect(await codes(entra, 3)).toEqual([200, 700_213, 700_213]);
  });

  test("never ends where it is told so", async () => {
    const { entra, clock } = await manualEntra({ federatedCredentials: [{ knownAfterMs: [0, Infinity] }] });
    await clock.advance(86_400_000);
    expect(await codes(entra, 3)).toEqual([200, 70_021, 70_021]);
  });

  test("is scaled", async () => {
    const { entra, clock } = await manualEntra({
      timeScale: 0.1,
      federatedCredentials: [{ knownAfterMs: 45_000 }],
    });
    await clock.advance(4499);
    expect(await codes(entra, 1)).toEqual([70_021]);
    await clock.advance(1);
    expect(await codes(entra, 1)).toEqual([200]);
  });

  test("meets replicas as chance has it, where chance is given", async () => {
    const drawn = [0.99, 0, 0.5, 0.99];
    const { entra } = await manualEntra({ random: () => drawn.shift() ?? 0 });
    await codes(entra, 4);
    expect(entra.counters.byReplica).toEqual([1, 1, 2]);
  });
});

test("removes those of an application, or those of one subject", async () => {
  const { entra } = await manualEntra();
  entra.federatedCredentials.add(entra.identity, { subject: "other" });
  entra.federatedCredentials.remove(entra.identity, SUBJECT);
  expect(entra.federatedCredentials.all).toEqual([
    {
      clientId: entra.identity.clientId,
      issuer: entra.cluster.url,
      subject: "other",
      audience: "api://AzureADTokenExchange",
    },
  ]);
  entra.federatedCredentials.remove(createIdentity({ name: "else" }));
  expect(entra.federatedCredentials.all).toHaveLength(1);
  entra.federatedCredentials.remove(entra.identity.clientId.toUpperCase());
  expect(entra.federatedCredentials.all).toEqual([]);
});

test.each([0, 1.5, NaN])("refuses %s replicas", async (replicas) => {
  await expect(manualEntra({ replicas })).rejects.toThrow(RangeError);
});
