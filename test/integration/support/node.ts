import { publishedKeys } from "../../../src/testing/mint-token.js";
import { NodeSimulator } from "../../../src/testing/node-simulator.js";
import type { NodeSimulatorOptions } from "../../../src/testing/simulator-options.js";

/** A simulated node whose first token does not wait for the key that signs it: making one may take seconds. */
export async function startNode(options: NodeSimulatorOptions = {}): Promise<NodeSimulator> {
  await publishedKeys();
  return await NodeSimulator.start(options);
}
