import { parseArgs } from "node:util";

/** The command was not given as it has to be. */
export class UsageError extends Error {}

export interface Settings {
  readonly context: string | undefined;
  readonly node: string | undefined;
  readonly image: string;
  readonly appPath: string;
  readonly cliImage: string;
  readonly simulatorImage: string;
  readonly simulatorPath: string;
  readonly toolsImage: string;
  readonly realNmi: boolean;
  readonly binding: string | undefined;
  readonly objectId: string | undefined;
  readonly systemAssigned: boolean;
  readonly environment: Readonly<Record<string, string>>;
  readonly shadowMetadata: boolean;
  readonly strategies: readonly string[];
  readonly scenarios: readonly string[];
  readonly timelines: string | undefined;
  readonly verbose: boolean;
  readonly keep: boolean;
  readonly yes: boolean;
}

export const HELP = `Usage: npm run test:cluster -- --image IMAGE [options]

Runs the strategies through their scenarios on the cluster that the current context of kubectl points at.

  --image IMAGE            the application of the manifests; required
  --app-path DIR           the programs of test/strategies/app in that image (/app)
  --cli-image IMAGE        the command line, for init containers and sidecars that run it (as --image)
  --simulator-image IMAGE  has the built package, for the simulated node (as --cli-image)
  --simulator-path PATH    dist/node-simulator.js in that image
                           (in /app/node_modules of --image, in /opt/azure-identity-guard/node_modules of others)
  --tools-image IMAGE      has sh, ip, wget and timeout, to add an address to the node (busybox:1.37)
  --context NAME           another context than the current one
  --node NAME              the node that is touched (the first that takes pods)
  --real-nmi               test the cluster's own NMI; what only a simulator can do is left out, aloud
  --binding NAME           with --real-nmi: value of the pods' label aadpodidbinding
  --object-id ID           with --real-nmi: whose tokens are right, in place of the simulated identity
  --system-assigned        with --real-nmi: the node has a system-assigned identity, as several scenarios need
  --env NAME=VALUE         value for a variable that containers of the manifests have; may be repeated
  --shadow-metadata        take a node of a cloud, whose metadata service is out of reach for the time of the test
  --strategy NAME          only this one; may be repeated
  --scenario NAME          only this one; may be repeated
  --timelines FILE         write what was seen, as JSON
  --verbose                show each event of a timeline as it is seen
  --keep                   leave namespace and objects of the last cell
  --yes                    do not ask
  --help

Ends with 0 where all cells passed, 1 where one failed, 2 where it was used wrongly, refused, cut off, or the cluster did
not do its part.
`;

const SIMULATOR = "node_modules/azure-identity-guard/dist/node-simulator.js";

const text = { type: "string" } as const;
const texts = { type: "string", multiple: true } as const;
const flag = { type: "boolean", default: false } as const;

const OPTIONS = {
  image: text,
  "app-path": text,
  "cli-image": text,
  "simulator-image": text,
  "simulator-path": text,
  "tools-image": text,
  context: text,
  node: text,
  "real-nmi": flag,
  binding: text,
  "object-id": text,
  "system-assigned": flag,
  env: texts,
  "shadow-metadata": flag,
  strategy: texts,
  scenario: texts,
  timelines: text,
  verbose: flag,
  keep: flag,
  yes: flag,
  help: flag,
} as const;

/** @throws UsageError that names the option and what it takes. */
export function readCommandLine(argv: readonly string[]): Settings | "help" {
  const values = parsed(argv);
  if (values.help) return "help";
  for (const [name, value] of Object.entries(values)) {
    if ([value].flat().includes("")) throw new UsageError(`--${name}: the value is empty`);
  }
  const { image, binding, "object-id": objectId } = values;
  const realNmi = values["real-nmi"];
  if (image === undefined) throw new UsageError("--image: the image of the application is required");
  if (binding !== undefined && !realNmi) throw new UsageError("--binding: goes with --real-nmi only");
  if (values["system-assigned"] && !realNmi) {
    throw new UsageError("--system-assigned: goes with --real-nmi only");
  }
  if ((objectId !== undefined) !== realNmi) {
    throw new UsageError("--object-id: goes with --real-nmi, and is required with it");
  }
  if (realNmi && values["shadow-metadata"]) {
    throw new UsageError("--shadow-metadata: goes with the simulated node, and not with --real-nmi");
  }
  if (realNmi && values.keep) {
    throw new UsageError("--keep: goes with the simulated node; with --real-nmi NMI would stay off");
  }
  const cliImage = values["cli-image"] ?? image;
  const simulatorImage = values["simulator-image"] ?? cliImage;
  return {
    context: values.context,
    node: values.node,
    image,
    appPath: values["app-path"] ?? "/app",
    cliImage,
    simulatorImage,
    simulatorPath:
      values["simulator-path"] ??
      `${simulatorImage === image ? "/app" : "/opt/azure-identity-guard"}/${SIMULATOR}`,
    toolsImage: values["tools-image"] ?? "busybox:1.37",
    realNmi,
    binding,
    objectId,
    systemAssigned: values["system-assigned"],
    environment: Object.fromEntries((values.env ?? []).map(variableOf)),
    shadowMetadata: values["shadow-metadata"],
    strategies: values.strategy ?? [],
    scenarios: values.scenario ?? [],
    timelines: values.timelines,
    verbose: values.verbose,
    keep: values.keep,
    yes: values.yes,
  };
}

function parsed(
  argv: readonly string[],
): ReturnType<typeof parseArgs<{ options: typeof OPTIONS }>>["values"] {
  try {
    return parseArgs({ args: [...argv], strict: true, allowPositionals: false, options: OPTIONS }).values;
  } catch (error) {
    // A TypeError that names the option.
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

function variableOf(given: string): [string, string] {
  const [, name, value] = /^([A-Za-z_]\w*)=(.*)$/su.exec(given) ?? [];
  if (name !== undefined && value !== undefined) return [name, value];
  throw new UsageError("--env: give NAME=VALUE");
}
