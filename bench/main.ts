// Runs every bench in a process of its own and prints what it measured, with the machine it ran on.
import { spawn } from "node:child_process";
import { cpus, totalmem } from "node:os";
import { fileURLToPath } from "node:url";

const BENCHES = ["hot-path", "first-token", "cold-callers", "probes", "check-nmi"];
const flags = process.argv.slice(2);
const unknown = flags.filter((flag) => flag !== "--quick" && !BENCHES.includes(flag));
if (unknown.length > 0) {
  console.error(`unknown: ${unknown.join(" ")}; give --quick, or any of ${BENCHES.join(", ")}`);
  process.exit(2);
}
const chosen = BENCHES.filter((name) => flags.includes(name));
const cores = cpus();
console.log(`# Benchmarks\n`);
console.log(
  `Node.js ${process.version}, ${cores.length} x ${cores[0]?.model ?? "unknown CPU"}, ${Math.round(totalmem() / 2 ** 30)} GiB` +
    `${flags.includes("--quick") ? "; quick: for rot and size of change only" : ""}\n`,
);
for (const name of chosen.length > 0 ? chosen : BENCHES) {
  const code = await new Promise((resolve) => {
    const file = fileURLToPath(new URL(`./${name}.js`, import.meta.url));
    spawn(process.execPath, [file, ...(flags.includes("--quick") ? ["--quick"] : [])], {
      stdio: "inherit",
    }).once("exit", resolve);
  });
  if (code !== 0) process.exit(1);
}
