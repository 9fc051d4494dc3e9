/** A command to the simulated node's control server (`POST /<to>` with `body`), which NodeSimulator takes in any process. */
export interface NodeAction {
  readonly to: "nmi" | "mic" | "imds";
  readonly body: Readonly<Record<string, unknown>> & { readonly action: string };
}
