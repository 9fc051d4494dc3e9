// What does the guard add to a cached getToken, against the SDK's DefaultAzureCredential and a bare lookup?
import { DefaultAzureCredential as Sdk } from "@azure/identity";
import { DefaultAzureCredential as Guarded } from "azure-identity-guard";
import { healthyNode } from "./node.js";
import { table, type Row } from "./statistics.js";

const quick = process.argv.includes("--quick");
const ROUNDS = quick ? 9 : 41;
/** One call is below the timer's resolution; a batch is not. */
const BATCH = 2_000;
const SCOPE = "https://vault.azure.net/.default";

const { simulator, environment } = await healthyNode();
Object.assign(process.env, environment);

const map = new Map<string, object>([[SCOPE, { token: "x", expiresOnTimestamp: Date.now() + 3_600_000 }]]);
// The least that anything with this signature can do.
const bare = async (scope: string): Promise<object | undefined> => map.get(scope);

const sdk = new Sdk();
const guarded = new Guarded();
const contenders: readonly { readonly name: string; readonly call: () => Promise<unknown> }[] = [
  { name: "bare Map lookup behind an async function", call: async () => await bare(SCOPE) },
  { name: "guard", call: async () => await guarded.getToken(SCOPE) },
  {
    name: "guard, as SDK clients call it",
    call: async () => await guarded.getToken([SCOPE], { enableCae: true }),
  },
  { name: "SDK DefaultAzureCredential, probe off", call: async () => await sdk.getToken(SCOPE) },
];

const samples = new Map<string, number[]>(contenders.map(({ name }) => [name, []]));
for (let round = -2; round < ROUNDS; round++) {
  for (const { name, call } of contenders) {
    const started = performance.now();
    for (let n = 0; n < BATCH; n++) await call();
    // The first rounds fill the caches and let the compiler settle.
    if (round >= 0) samples.get(name)?.push(((performance.now() - started) / BATCH) * 1_000);
  }
}
const rows: Row[] = contenders.map(({ name }) => ({ name, sample: samples.get(name) ?? [] }));
console.log(`## Cached getToken\n\n${table("µs", rows)}\n`);
console.log(`Aims: within 3 times the bare lookup, and 50 times cheaper than the SDK.`);
const median = (index: number): number => {
  const sorted = [...(rows[index]?.sample ?? [])].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? NaN;
};
console.log(
  `Here: ${(median(1) / median(0)).toFixed(2)} times the bare lookup, ${(median(3) / median(1)).toFixed(0)} times cheaper than the SDK.\n`,
);
await guarded.close();
await simulator.close();
