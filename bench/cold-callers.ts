// What do a thousand callers of a cold credential cost, in time and in requests on the node?
import { healthyNode, runProgram } from "./node.js";
import { table, type Row } from "./statistics.js";

const quick = process.argv.includes("--quick");
const ROUNDS = quick ? 3 : 11;
const CALLERS = 1_000;

const contenders = [
  { name: "SDK", module: "@azure/identity" },
  { name: "guard", module: "azure-identity-guard" },
];
const measured = new Map(
  contenders.map(({ name }) => [name, { ms: [] as number[], requests: 0, tokens: 0, rss: 0 }]),
);
for (let round = 0; round < ROUNDS; round++) {
  for (const { name, module } of contenders) {
    // A fresh node each time: its IMDS caches tokens and remembers who asked.
    const { simulator, environment } = await healthyNode();
    const { message } = await runProgram("cold-callers.mjs", [module, String(CALLERS)], environment);
    const { ms, tokens, maxRssMiB } = message as { ms: number; tokens: number; maxRssMiB: number };
    const entry = measured.get(name);
    if (entry !== undefined) {
      entry.ms.push(ms);
      entry.requests = simulator.requests.filter(({ path }) => path.includes("/oauth2/token")).length;
      entry.tokens = tokens;
      entry.rss = maxRssMiB;
    }
    await simulator.close();
  }
}
const rows: Row[] = contenders.map(({ name }) => {
  const { ms, requests, tokens, rss } = measured.get(name) ?? { ms: [], requests: 0, tokens: 0, rss: 0 };
  return { name, sample: ms, more: [String(requests), `${tokens} of ${CALLERS}`, `${rss.toFixed(0)} MiB`] };
});
console.log(
  `## ${CALLERS} callers of a cold credential\n\n${table("ms", rows, ["requests on the token path", "tokens", "peak memory"])}\n`,
);
console.log("The guard's requests on the token path are its route probes and one token request.\n");
