import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CellClock } from "./cell-clock.js";
import { loopback, namespaces, removeStale } from "./cell-network.js";
import type { CellOrder, NodeOrder } from "./cell-order.js";
import { freePort } from "./free-port.js";
import { ProcessesAtRest } from "./processes-at-rest.js";

// A cell's own process: makes the network, moves the clock, starts the process on the node, and takes all away at the end,
// also where whoever started it is gone: then its standard input ends.

async function main(): Promise<number> {
  const order = await readOrder();
  const folder = mkdtempSync(join(tmpdir(), "aig-cell-"));
  const undo: (() => void)[] = [() => rmSync(folder, { recursive: true, force: true })];
  process.once("exit", () => undo.reverse().forEach((step) => step()));
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const)
    process.once(signal, () => process.exit(130));
  process.stdin.once("end", () => process.exit(130));
  process.stdin.once("error", () => process.exit(130));
  process.stdin.resume();

  if (order.network === "namespaces") removeStale();
  const network = order.network === "namespaces" ? namespaces() : loopback(await freePort());
  undo.push(() => network.remove());
  const clock = await CellClock.start(folder);
  undo.push(() => clock.close());
  const { hostIP, podIP, metadata, inPod, toldApart, environment } = network;
  const place = { hostIP, podIP, metadata, inPod, toldApart, environment };
  const node = startNode({ ...order, folder, place }, network.onNode, clock.environment);
  setTimeout(() => {
    process.stderr.write(
      `The cell is at ${clock.seconds} s and has taken ${order.limitMs} ms of real time\n`,
    );
    process.exit(1);
  }, order.limitMs);
  const processes = new ProcessesAtRest();
  undo.push(() => processes.kill());
  const shared = order.network === "loopback" ? [hostIP, podIP] : undefined;
  void clock.run(processes, () => processes.underWay(shared));
  const [code] = (await once(node, "exit")) as [number | null];
  if (order.verbose) process.stderr.write(`The clock moved ${clock.steps} times, ${clock.seconds} s\n`);
  return code ?? 1;
}

/** The first line of standard input, which stays open for as long as somebody wants the cell. */
async function readOrder(): Promise<CellOrder> {
  let given = "";
  process.stdin.setEncoding("utf8");
  for await (const chunk of process.stdin.iterator({ destroyOnReturn: false })) {
    given += String(chunk);
    if (given.includes("\n")) break;
  }
  return JSON.parse(given) as CellOrder;
}

function startNode(
  order: NodeOrder,
  onNode: readonly string[],
  environment: Readonly<Record<string, string>>,
): ReturnType<typeof spawn> {
  const [program, ...argv] = [...onNode, process.execPath, order.paths.node];
  const child = spawn(program, argv, {
    env: {
      PATH: process.env["PATH"],
      ...environment,
      UV_THREADPOOL_SIZE: "1",
      // Fewer threads to look at.
      NODE_OPTIONS: `--v8-pool-size=0 --require ${order.paths.preload}`,
    },
    stdio: ["pipe", "inherit", "inherit"],
  });
  child.stdin.end(JSON.stringify(order));
  return child;
}

process.exit(await main());
