// How long from the start of a process to its first verified token, against the SDK?
import { healthyNode, runProgram } from "./node.js";
import { table, type Row } from "./statistics.js";

const quick = process.argv.includes("--quick");
const ROUNDS = quick ? 5 : 25;

const { simulator, environment } = await healthyNode();
const pinned = { ...environment, AZURE_IDENTITY_GUARD_EXPECTED_OBJECT_ID: simulator.identity.objectId };

const contenders = [
  { name: "SDK, ESM", program: "first-token-sdk.mjs" },
  { name: "SDK, CommonJS", program: "first-token-sdk.cjs" },
  { name: "guard, ESM", program: "first-token-guard.mjs" },
  { name: "guard, CommonJS", program: "first-token-guard.cjs" },
];
const samples = new Map<string, number[]>(contenders.map(({ name }) => [name, []]));
for (let round = -1; round < ROUNDS; round++) {
  for (const { name, program } of contenders) {
    const { ms } = await runProgram(program, [], pinned);
    if (round >= 0) samples.get(name)?.push(ms);
  }
}
const rows: Row[] = contenders.map(({ name }) => ({ name, sample: samples.get(name) ?? [] }));
console.log(
  `## Process start to first token (verified by the guard: gate, route, oid)\n\n${table("ms", rows)}\n`,
);
await simulator.close();
