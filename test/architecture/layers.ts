import type { SourceFile } from "./source-graph.js";

export type Layer = "base" | "pure" | "plane" | "guard" | "face" | "edge";

/**
 * The layers, lowest first. A file may import files of its own layer and of those below it. Files named outright win
 * over folders.
 */
const LAYERS: readonly (readonly [Layer, readonly string[]])[] = [
  [
    "base",
    ["errors.ts", "clock.ts", "abort.ts", "logger.ts", "package-info.ts", "process-events.ts", "detached.ts"],
  ],
  // gate.ts is the interface that users implement, and does nothing itself.
  ["pure", ["retry/", "identity/", "config/", "gate/gate.ts"]],
  ["plane", ["gate/", "endpoint/", "health/", "retry/run-attempts.ts"]],
  ["guard", ["guard/"]],
  ["face", ["index.ts"]],
  ["edge", ["probes/", "cli/", "register.ts", "register/", "testing/"]],
];

/**
 * The imports between edges: the demo shows the guard against a simulated node, `register`, `serve` and the demo start the
 * probe server, and the demo's page looks like the status page.
 */
const BETWEEN_EDGES: readonly (readonly [from: RegExp, to: string])[] = [
  [/^cli\/demo/, "testing"],
  [/^cli\/demo-(page\/|worker\.ts$)/, "probes"],
  [/^register\//, "probes"],
  [/^cli\/serve\.ts$/, "probes"],
];

/** The layer of a file; `undefined` where the table knows no place for it. */
export function layerOf(path: string): Layer | undefined {
  const holding = (matches: (place: string) => boolean): Layer | undefined =>
    LAYERS.find(([, places]) => places.some((place) => matches(place)))?.[0];
  return (
    holding((place) => place === path) ?? holding((place) => place.endsWith("/") && path.startsWith(place))
  );
}

/** Imports that point the wrong way, each as a line of text. */
export function wrongImports(sources: Iterable<SourceFile>): string[] {
  return [...sources].flatMap(({ path, imports }) =>
    imports.filter((target) => !mayImport(path, target)).map((target) => `${path} -> ${target}`),
  );
}

function mayImport(path: string, target: string): boolean {
  const [from, to] = [layerOf(path), layerOf(target)];
  if (from === undefined || to === undefined) return false;
  if (to === "edge") {
    const between = BETWEEN_EDGES.some(([allowed, edge]) => allowed.test(path) && edgeOf(target) === edge);
    return between || edgeOf(path) === edgeOf(target);
  }
  return rank(from) >= rank(to);
}

/** `register.ts` belongs to the folder of its name. */
function edgeOf(path: string): string {
  return path.split(/\/|\.ts$/)[0] ?? path;
}

function rank(layer: Layer): number {
  return LAYERS.findIndex(([name]) => name === layer);
}

/** One chain of imports that comes back to where it began; `undefined` where there is none. */
export function findCycle(graph: ReadonlyMap<string, readonly string[]>): readonly string[] | undefined {
  const done = new Set<string>();
  const follow = (path: string, chain: readonly string[]): readonly string[] | undefined => {
    if (chain.includes(path)) return [...chain.slice(chain.indexOf(path)), path];
    if (done.has(path)) return undefined;
    for (const target of graph.get(path) ?? []) {
      const cycle = follow(target, [...chain, path]);
      if (cycle !== undefined) return cycle;
    }
    done.add(path);
    return undefined;
  };
  for (const path of graph.keys()) {
    const cycle = follow(path, []);
    if (cycle !== undefined) return cycle;
  }
  return undefined;
}
