import type { ResolvedOptions } from "../config/options.js";
import type { Gate } from "../gate/gate.js";
import type { ClassificationContext } from "../retry/classify-failure.js";
import type { TokenSource } from "./token-source.js";

/** What makes a state: instances that agree on it share one. */
export interface StateSpec {
  /** What pages and metrics call it; the registry makes it unique. */
  readonly name: string;
  readonly source: TokenSource;
  readonly gate: Gate | undefined;
  readonly classification: Omit<ClassificationContext, "plane">;
  readonly options: ResolvedOptions;
}
