// What does an exec probe cost, as a whole process, against a Node.js that does nothing?
import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { healthyNode } from "./node.js";
import { summarize, table, type Row } from "./statistics.js";

const quick = process.argv.includes("--quick");
const ROUNDS = quick ? 5 : 60;
/** A bare request measured 1.17 and 1.10 where this was begun. */
const AIMS = "aims: 1.2 times the wall time, 1.12 times the memory";

const path = (name: string): string => fileURLToPath(new URL(`../../${name}`, import.meta.url));
const MAX_RSS = path("bench/programs/max-rss.cjs");

const { simulator } = await healthyNode();
// Nothing of this process's environment: npm sets a hundred variables, and NODE_OPTIONS may say anything.
const environment = { PATH: "", ...simulator.environment };

/** Runs Node.js until it ends; resolves with the time that took, in ms, and with what it wrote to standard error. */
async function run(argv: readonly string[]): Promise<{ readonly ms: number; readonly said: string }> {
  const started = performance.now();
  const child = spawn(process.execPath, argv, { env: environment, stdio: ["ignore", "ignore", "pipe"] });
  const ms = new Promise<number>((resolve, reject) => {
    child.once("error", reject);
    child.once("exit", (code) => {
      if (code === 0) resolve(performance.now() - started);
      else reject(new Error(`${argv.join(" ")} ended with ${String(code)}`));
    });
  });
  let said = "";
  child.stderr.on("data", (chunk: Buffer) => (said += chunk.toString()));
  const closed = new Promise((resolve) => child.stderr.once("close", resolve));
  const [took] = await Promise.all([ms, closed]);
  return { ms: took, said };
}

const contenders = [
  { name: "node -e 0", argv: ["-e", "0"] },
  { name: "a bare request", argv: [path("bench/programs/bare-http.cjs")] },
  { name: "check nmi", argv: [path("dist/cli/main.cjs"), "check", "nmi", "--timeout", "30s"] },
];
const samples = contenders.map(({ name, argv }) => ({
  name,
  argv,
  ms: [] as number[],
  mebibytes: [] as number[],
}));
for (let round = -1; round < ROUNDS; round++) {
  for (const { argv, ms, mebibytes } of samples) {
    const { ms: took } = await run(argv);
    // Memory in a run of its own: the look at it takes time.
    const { said } = await run(["--require", MAX_RSS, ...argv]);
    if (round < 0) continue; // the first run of each reads files from the disk
    ms.push(took);
    mebibytes.push(Number(said.trim()) / 1024);
  }
}
const rows = (unit: "ms" | "mebibytes"): Row[] =>
  samples.map((each) => ({ name: each.name, sample: each[unit] }));
console.log(`## An exec probe as a whole process: \`check nmi\` (${AIMS})\n`);
console.log(`${table("ms", rows("ms"))}\n`);
console.log(`${table("MiB, at most resident", rows("mebibytes"))}\n`);
// Load of other programs lengthens some rounds: the difference within each round shows what is the probe's own.
const [idle, , probe] = samples;
const own = (probe?.ms ?? []).map((took, round) => took - (idle?.ms[round] ?? NaN));
console.log(`Beyond \`node -e 0\` of the same round: ${summarize(own).median.toFixed(1)} ms.\n`);
await simulator.close();
