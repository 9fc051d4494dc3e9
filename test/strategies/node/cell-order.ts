import type { Cell } from "../cluster.js";

/** A container image, played by programs of this machine. */
export interface Image {
  /** What runs where a container of it has no `command`; arguments come after. */
  readonly entrypoint: readonly string[];
  /** What is on its PATH beside the machine's programs and the stand-ins of local-cluster.ts, by name: `{ "azure-identity-guard": ["/usr/bin/node", "dist/cli/main.cjs"] }`. */
  readonly programs?: Readonly<Record<string, readonly string[]>>;
  readonly env?: Readonly<Record<string, string>>;
}

/** What a cell's process is told, as JSON on its standard input. */
export interface CellOrder {
  readonly cell: Cell;
  readonly images: Readonly<Record<string, Image>>;
  readonly network: "namespaces" | "loopback";
  /** Of files, absolute. */
  readonly paths: { readonly preload: string; readonly node: string };
  /** Real milliseconds after which the cell has failed. */
  readonly limitMs: number;
  /** Whether what containers write comes out on standard error. */
  readonly verbose: boolean;
}

/** The same with what the process made of it, for the process on the node. */
export interface NodeOrder extends CellOrder {
  readonly folder: string;
  readonly place: {
    readonly hostIP: string;
    readonly podIP: string;
    readonly metadata: { readonly host: string; readonly port: number };
    readonly inPod: readonly string[];
    readonly toldApart: boolean;
    readonly environment: Readonly<Record<string, string>>;
  };
}
