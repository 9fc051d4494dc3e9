import { parseArgs } from "node:util";
import { startControl } from "./control.js";
import { NodeSimulator } from "./node-simulator.js";
import type { PodInit } from "./pods.js";
import { createIdentity } from "./simulated-identity.js";
import type { SimulatedIdentity } from "./simulated-identity.js";
import type { NodeSimulatorOptions } from "./simulator-options.js";

/** What the command needs of its surroundings. */
export interface CommandIo {
  /** Data, one line. */
  out(line: string): void;
  /** Words for people, one line or more. */
  say(text: string): void;
  /** Resolves when the process is told to end. */
  readonly terminated: Promise<void>;
}

const HELP = `Usage: node-simulator [options]

Plays NMI, MIC and IMDS of one AKS node. Prints one line of JSON with its addresses when it is ready; ends on SIGTERM,
SIGINT or POST /close to its control interface.

  --host ADDRESS            listen here (127.0.0.1)
  --health-host ADDRESS     NMI's health port (as --host)
  --metadata-host ADDRESS   what plays 169.254.169.254 (as --host)
  --control-host ADDRESS    the control interface (127.0.0.1)
  --health-port PORT        0 takes a free one, as for the following (0)
  --metadata-port PORT      (0)
  --jwks-port PORT          (0)
  --control-port PORT       (0)
  --time-scale FACTOR       on all times of the node, for example 0.1 (1)
  --nmi-state STATE         active, not-active or down (active)
  --identity IDENTITY       assigned to the first pod; may be repeated (app)
  --node-identity IDENTITY  attached to the node; may be repeated (kubelet)
  --system-assigned NAME    turns on the node's system-assigned identity
  --pod NAME[=ADDRESS,...]  told apart by source address; may be repeated (app, which is every source)
  --help

IDENTITY is NAME[,clientId=ID][,objectId=ID][,resourceId=ID][,tenantId=ID]; "none" stands for no identity at all.
`;

class UsageError extends Error {}

const FIELDS = ["clientId", "objectId", "resourceId", "tenantId"] as const;

function identityOf(flag: string, value: string): SimulatedIdentity {
  const [name = "", ...settings] = value.split(",");
  const pairs = settings.map((setting): [string, string] => {
    const mark = setting.indexOf("=");
    const field = FIELDS.find((candidate) => candidate === setting.slice(0, mark));
    if (field !== undefined && mark < setting.length - 1) return [field, setting.slice(mark + 1)];
    throw new UsageError(
      `--${flag}: "${setting}" is not known; give ${FIELDS.map((f) => `${f}=ID`).join(", ")}`,
    );
  });
  if (name === "" || name.includes("="))
    throw new UsageError(`--${flag}: "${value}" does not begin with a name`);
  return createIdentity({ ...Object.fromEntries<string>(pairs), name });
}

function identitiesOf(flag: string, values: readonly string[] | undefined): SimulatedIdentity[] | undefined {
  return values?.filter((value) => value !== "none").map((value) => identityOf(flag, value));
}

function portOf(flag: string, value: string | undefined): number | undefined {
  if (value === undefined) return undefined;
  if (/^\d{1,5}$/.test(value) && Number(value) <= 65_535) return Number(value);
  throw new UsageError(`--${flag}: "${value}" is no port; give a whole number from 0 to 65535`);
}

function podOf(value: string): PodInit {
  const [name = "", addresses] = value.split("=");
  if (name === "") throw new UsageError(`--pod: "${value}" does not begin with a name`);
  return { name, addresses: addresses?.split(",").filter((address) => address !== "") };
}

const STATES = ["active", "not-active", "down"] as const;

function stateOf(value: string | undefined): (typeof STATES)[number] | undefined {
  const state = STATES.find((candidate) => candidate === value);
  if (value !== undefined && state === undefined) {
    throw new UsageError(`--nmi-state: "${value}" is not known; give one of ${STATES.join(", ")}`);
  }
  return state;
}

function scaleOf(value: string | undefined): number | undefined {
  if (value === undefined) return undefined;
  if (Number(value) > 0 && Number.isFinite(Number(value))) return Number(value);
  throw new UsageError(`--time-scale: "${value}" is no factor; give a number above 0`);
}

interface Command {
  readonly node: NodeSimulatorOptions;
  readonly control: { readonly host: string | undefined; readonly port: number | undefined };
}

const text = { type: "string" } as const;
const texts = { type: "string", multiple: true } as const;

function parse(argv: readonly string[]): Command | "help" {
  const { values } = parseArgs({
    args: [...argv],
    strict: true,
    options: {
      host: text,
      "health-host": text,
      "metadata-host": text,
      "control-host": text,
      "health-port": text,
      "metadata-port": text,
      "jwks-port": text,
      "control-port": text,
      "time-scale": text,
      "nmi-state": text,
      identity: texts,
      "node-identity": texts,
      "system-assigned": text,
      pod: texts,
      help: { type: "boolean" },
    },
  });
  if (values.help === true) return "help";
  const systemAssigned = values["system-assigned"];
  return {
    node: {
      host: values.host,
      healthHost: values["health-host"],
      metadataHost: values["metadata-host"],
      healthPort: portOf("health-port", values["health-port"]),
      metadataPort: portOf("metadata-port", values["metadata-port"]),
      jwksPort: portOf("jwks-port", values["jwks-port"]),
      timeScale: scaleOf(values["time-scale"]),
      nmi: { state: stateOf(values["nmi-state"]) ?? "active" },
      podIdentities: identitiesOf("identity", values.identity),
      nodeIdentities: identitiesOf("node-identity", values["node-identity"]),
      systemAssigned:
        systemAssigned === undefined ? undefined : identityOf("system-assigned", systemAssigned),
      pods: values.pod?.map(podOf),
    },
    control: { host: values["control-host"], port: portOf("control-port", values["control-port"]) },
  };
}

/** Runs the executable. Resolves with its exit code: 0, 1 where it could not start, 2 for bad usage. */
export async function run(argv: readonly string[], io: CommandIo): Promise<number> {
  let command: Command | "help";
  try {
    command = parse(argv);
  } catch (error) {
    // `parseArgs` throws a TypeError that names the option.
    io.say(`${error instanceof Error ? error.message : String(error)}\nSee --help.`);
    return 2;
  }
  if (command === "help") {
    io.out(HELP);
    return 0;
  }
  try {
    await using simulator = await NodeSimulator.start(command.node);
    const control = await startControl(simulator, command.control);
    const { healthUrl, metadataUrl, jwksUrl, environment, identity } = simulator;
    const addresses = { healthUrl, metadataUrl, jwksUrl, controlUrl: control.url, environment, identity };
    io.out(JSON.stringify({ ready: true, pid: process.pid, ...addresses }));
    await Promise.race([io.terminated, control.closed]);
    await control.close();
    return 0;
  } catch (error) {
    io.say(`The simulator could not start: ${error instanceof Error ? error.message : String(error)}`);
    return 1;
  }
}
