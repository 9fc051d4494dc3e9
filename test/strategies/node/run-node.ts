import { text } from "node:stream/consumers";
import type { NodeOrder } from "./cell-order.js";
import { runNode } from "./node-main.js";

await runNode(JSON.parse(await text(process.stdin)) as NodeOrder);
// Timers of containers' pipes and the like are nobody's any more.
process.exit(0);
