import type { NodeSimulator } from "../../../src/testing/node-simulator.js";
import { startNode } from "./node.js";
import type { NodeSimulatorOptions } from "../../../src/testing/simulator-options.js";
import { Child } from "./child.js";
import { gatedEnvironment, IN_KUBERNETES } from "./setups.js";

/** A simulated node and a process that is a pod on it. */
export class Pod implements AsyncDisposable {
  readonly node: NodeSimulator;
  readonly child: Child;

  private constructor(node: NodeSimulator, child: Child) {
    this.node = node;
    this.child = child;
  }

  /** `environment` comes on top of that of a gated pod; an empty value unsets a variable. */
  static async start(
    environment: Readonly<Record<string, string>> = {},
    options: NodeSimulatorOptions = {},
  ): Promise<Pod> {
    const node = await startNode(options);
    try {
      const child = await Child.start({ ...gatedEnvironment(node), ...environment });
      return new Pod(node, child);
    } catch (error) {
      await node.close();
      throw error;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      await this.child.end();
    } finally {
      await this.node.close();
    }
  }
}

/** For pods of which nothing is expected, whose own identity nobody named. */
export const UNPINNED: Readonly<Record<string, string>> = {
  ...IN_KUBERNETES,
  AZURE_IDENTITY_GUARD_EXPECTED_OBJECT_ID: "",
};

/** For calls that are to end without a token: soon, but with attempts that a busy machine can carry out. */
export const SHORT_BUDGET: Readonly<Record<string, string>> = {
  AZURE_IDENTITY_GUARD_RETRY_BUDGET: "6s",
  AZURE_IDENTITY_GUARD_RETRY_DELAY: "20ms",
  AZURE_IDENTITY_GUARD_RETRY_MAX_DELAY: "250ms",
  AZURE_IDENTITY_GUARD_ATTEMPT_TIMEOUT: "1200ms",
};
