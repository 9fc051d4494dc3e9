import type { Finding } from "../../../src/cli/doctor/diagnose.js";

/** What a `kubectl` command may have, and must have. */
interface Verb {
  /** Flags with a value. */
  readonly valued?: readonly string[];
  /** Flags without one. */
  readonly bare?: readonly string[];
  readonly needs?: readonly (string | RegExp)[];
  /** Things that are in no namespace; of all others it has to be told. */
  readonly clusterWide?: RegExp;
}

const NODE = /^kubectl \S+(?: \S+)? node(?:s|\/| )/u;

/** Every verb that `doctor` prints. */
export const VERBS: Readonly<Record<string, Verb>> = {
  get: {
    valued: ["-n", "-o", "-L", "--field-selector"],
    bare: ["-A"],
  },
  logs: { valued: ["-n", "-c", "--tail"], bare: ["--previous"] },
  describe: { valued: ["-n"], clusterWide: /^kubectl describe node /u },
  delete: { valued: ["-n"], needs: [/^kubectl delete pod /u] },
  drain: {
    bare: ["--ignore-daemonsets", "--delete-emptydir-data"],
    needs: ["--ignore-daemonsets", "--delete-emptydir-data"],
    clusterWide: /^kubectl drain /u,
  },
  debug: {
    valued: ["--image"],
    bare: ["-it"],
    needs: ["-it", /--image=\S/u, / node\/\S+ .*-- chroot \/host \S/u],
    clusterWide: NODE,
  },
  annotate: { valued: ["-n"], bare: ["--overwrite"], needs: ["--overwrite", / \S+=\S+/u] },
  "create configmap": { valued: ["-n", "--from-file"], needs: [/--from-file=\S/u] },
  exec: { valued: ["-n"], needs: [/ -- \S/u] },
  "set env": { valued: ["-n"], needs: [/ deployment\/\S+ .*\b[A-Z_]+-$/u] },
};

/** The lines of findings as they are typed. */
export function linesOf(findings: readonly Pick<Finding, "fix">[]): readonly string[] {
  return findings.flatMap(({ fix }) =>
    (fix.lines ?? []).map((line) => (typeof line === "string" ? line : line.join(" "))),
  );
}

/** The `kubectl` commands in a line, without what surrounds them. */
export function commandsIn(line: string): readonly string[] {
  return (line.match(/\bkubectl (?:'[^']*'|[^|;)#'])*/gu) ?? []).map((command) => command.trim());
}

export function verbOf(command: string): string {
  const [, first = "", second = ""] = command.split(" ");
  return `${first} ${second}` in VERBS ? `${first} ${second}` : first;
}

/** What is wrong with a command; nothing where it can be typed as it is. */
export function mistakesIn(command: string): readonly string[] {
  const verb = VERBS[verbOf(command)];
  if (verb === undefined) return [`${command}: an unknown verb`];
  const { valued = [], bare = [], needs = [], clusterWide } = verb;
  const [own = ""] = command.split(" -- ");
  const words = own.split(" ");
  const flags = words.flatMap((word, index) =>
    word.startsWith("-") ? [{ word, next: words[index + 1] }] : [],
  );
  const unknown = flags.filter(({ word, next }) => {
    const [name = "", value] = word.split("=");
    if (bare.includes(name)) return value !== undefined;
    return !valued.includes(name) || (value ?? next ?? "-").startsWith("-");
  });
  const isPlaced =
    flags.some(({ word }) => word === "-n" || word === "-A") || clusterWide?.test(command) === true;
  return [
    ...unknown.map(({ word }) => `${command}: ${word}`),
    ...needs
      .filter((need) => (typeof need === "string" ? !words.includes(need) : !need.test(command)))
      .map((need) => `${command}: lacks ${String(need)}`),
    ...(isPlaced ? [] : [`${command}: in which namespace?`]),
  ];
}

/** What is wrong with the lines of one finding together. */
export function mistakesTogether(lines: readonly string[]): readonly string[] {
  const text = lines.join("\n");
  const setsNode = text.includes("NODE=$(");
  return [
    ...lines.flatMap(commandsIn).flatMap(mistakesIn),
    ...(/^ *volumes:/mu.test(text) && !/^ *volumeMounts:/mu.test(text) ? ["a volume without its mount"] : []),
    ...(text.includes("$NODE") && !setsNode ? ["NODE is not set"] : []),
    ...(/\b(?:node\/|node |drain |cordon )NODE\b/u.test(text) ? ["NODE can be told"] : []),
    ...lines
      .filter((line) => /^ *value:/u.test(line) && !/^ *value: "(?:[^"\\]|\\.)*"$/u.test(line))
      .map((line) => `not quoted: ${line}`),
  ];
}
