import type { GuardOptions } from "../../src/config/options.js";
import type { GuardedCredential } from "../../src/guard/guarded-credential.js";
import { ProbeEndpoint } from "../../src/probes/probe-endpoint.js";
import { refused, World } from "../guard/world.js";

/** NMI of a node over time: seconds after the beginning at which it comes into a state. */
type Script = readonly (readonly [second: number, state: "active" | "exiting" | "gone" | "starting"])[];

/** DaemonSet update: SIGTERM, rules gone at once, 10 s of `Active` all the same; then a new pod starts. */
export const UPDATE: Script = [
  [0, "active"],
  [20, "exiting"],
  [30, "gone"],
  [45, "starting"],
  [50, "active"],
];
/** The same with an image that cannot be pulled for two minutes. */
export const SLOW_UPDATE: Script = [
  [0, "active"],
  [20, "exiting"],
  [30, "gone"],
  [150, "starting"],
  [155, "active"],
];

export const SETTINGS: readonly (readonly [name: string, guard: GuardOptions])[] = [
  ["defaults, no token asked for yet", {}],
  ["defaults, warm-up scopes", { warmUpScopes: ["https://vault.azure.net/.default"] }],
  [
    "readyWhileDegraded, warm-up scopes",
    { warmUpScopes: ["https://vault.azure.net/.default"], health: { readyWhileDegraded: true } },
  ],
  ["livenessGrace never, no token yet", { health: { livenessGraceMs: "never" } }],
];

const STEP_S = 5;
const SECONDS = 200;
const MARKS = { active: "#", exiting: "x", gone: ".", starting: "s" } as const;

/** The pod spec that the README recommends: readiness every 5 s, one failure is enough; liveness after 30 s, five in a row. */
const LIVENESS_DELAY_S = 30;
const LIVENESS_THRESHOLD = 5;

function stateAt(script: Script, second: number): (typeof script)[number][1] {
  return script.findLast(([from]) => from <= second)?.[1] ?? "active";
}

/** One line for each 5 s: `#` ready, `.` not ready, `R` the container is restarted. Real guard, fake node, kubelet by its rules. */
async function pod(script: Script, guard: GuardOptions): Promise<string> {
  const world = new World();
  const now = (): number => (world.clock.elapsed() - began) / 1000;
  const began = world.clock.elapsed();
  const state = (): ReturnType<typeof stateAt> => stateAt(script, now());
  world.health = () =>
    state() === "gone"
      ? refused()
      : { status: 200, server: undefined, body: state() === "starting" ? "Not Active" : "Active" };
  world.route = () =>
    state() === "active"
      ? { status: 400, server: undefined, body: "" }
      : { status: 400, server: "IMDS/150.870.65.1854", body: "" };
  const start = (): { credential: GuardedCredential; endpoint: ProbeEndpoint; at: number } => {
    const credential = world.credential(guard);
    return { credential, endpoint: new ProbeEndpoint(credential, {}, world.clock), at: now() };
  };
  let container = start();
  let failures = 0;
  let line = "";
  await world.clock.advance(1_000);
  for (let second = 1; second <= SECONDS; second += STEP_S) {
    const status = async (url: string): Promise<number | undefined> =>
      (await container.endpoint.respond({ method: "GET", url, accept: undefined }))?.status;
    const watched = now() - container.at >= LIVENESS_DELAY_S;
    failures = watched && (await status("/livez")) !== 200 ? failures + 1 : 0;
    if (failures >= LIVENESS_THRESHOLD) {
      await container.credential.close();
      container = start();
      failures = 0;
      line += "R";
    } else line += (await status("/readyz")) === 200 ? "#" : ".";
    await world.clock.advance(STEP_S * 1_000);
  }
  await container.credential.close();
  return line;
}

/** The timelines of the README. */
export async function timelines(): Promise<string> {
  const blocks = [
    ["NMI is updated, 30 s", UPDATE],
    ["NMI is updated, and its image cannot be pulled for 2 min", SLOW_UPDATE],
  ] as const;
  const width = Math.max(...SETTINGS.map(([name]) => name.length)) + 2;
  const drawn = blocks.map(async ([title, script]) => {
    const steps = Array.from({ length: SECONDS / STEP_S }, (_, index) => index * STEP_S);
    const scale = steps.map((second) => (second % 50 === 0 ? String(second).padEnd(10) : "")).join("");
    const nmi = steps.map((second) => MARKS[stateAt(script, second + 1)]).join("");
    const pods = await Promise.all(
      SETTINGS.map(async ([name, guard]) => name.padEnd(width) + (await pod(script, guard))),
    );
    return [title, "seconds".padEnd(width) + scale.trimEnd(), "NMI".padEnd(width) + nmi, ...pods].join("\n");
  });
  return (await Promise.all(drawn)).join("\n\n");
}
