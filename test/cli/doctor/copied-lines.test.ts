import { spawnSync } from "node:child_process";
import { describe, expect, test } from "vitest";
import type { Observations } from "../../../src/cli/doctor/observations.js";
import { RULES } from "../../../src/cli/doctor/rules/all-rules.js";
import { commandsIn, linesOf, mistakesIn, mistakesTogether, VERBS, verbOf } from "./kubectl-lines.js";
import { HEALTHY, INJECTED, plane, settings } from "./observed.js";

/** Fixes depend on plane and pod alone: whatever was seen, what they say can be typed. */
const SEEN: readonly Observations[] = [
  HEALTHY,
  { ...HEALTHY, pod: { inKubernetes: false } },
  { ...HEALTHY, pod: { inKubernetes: true } },
  { ...HEALTHY, ...plane("workload-identity"), ...INJECTED },
  { ...HEALTHY, ...plane("imds") },
  { ...HEALTHY, ...settings({ proxyWithoutScheme: "HTTPS_PROXY", secretVariable: "AZURE_CLIENT_SECRET" }) },
];

function linesFor(id: string, seen: Observations): readonly string[] {
  const { fix } = RULES.find((rule) => rule.id === id) ?? { fix: { text: "" } };
  return linesOf([{ fix: typeof fix === "function" ? fix(seen) : fix }]);
}

const COMMANDS = new Set(
  RULES.flatMap(({ id }) => SEEN.flatMap((seen) => linesFor(id, seen).flatMap(commandsIn))),
);

describe("lines to be copied", () => {
  test.each(RULES.map(({ id }) => id))("of %s are whole", (id) => {
    for (const seen of SEEN) expect(mistakesTogether(linesFor(id, seen))).toEqual([]);
  });

  test.each(RULES.map(({ id }) => id))("of %s name no address of this node, and fit a terminal", (id) => {
    for (const seen of SEEN) {
      const lines = linesFor(id, seen);
      expect(lines.filter((line) => line.includes(seen.settings.hostIp ?? "(none)"))).toEqual([]);
      const asTheyAre = RULES.filter((rule) => rule.id === id).flatMap(({ fix }) =>
        ((typeof fix === "function" ? fix(seen) : fix).lines ?? []).filter(
          (line) => typeof line === "string",
        ),
      );
      expect(asTheyAre.filter((line) => line.length > 75)).toEqual([]);
    }
  });

  test.each([
    "kubectl debug node/$NODE",
    "kubectl debug node/$NODE -it --image=busybox -- chronyc tracking",
    "kubectl drain $NODE --ignore-daemonsets",
    "kubectl annotate serviceaccount app -n shop a=b",
    "kubectl logs POD",
    "kubectl get pods -n",
    "kubectl get pods -A --colour",
    "kubectl restart pod POD -n shop",
  ])("would be found wrong where they were %s", (command) => {
    expect(mistakesIn(command)).not.toEqual([]);
  });

  test("have all that is known of kubectl, and no more", () => {
    expect([...new Set([...COMMANDS].map(verbOf))].sort()).toEqual(Object.keys(VERBS).sort());
  });
});

const hasKubectl = spawnSync("kubectl", ["version", "--client"]).status === 0;

describe.runIf(hasKubectl)("kubectl itself", () => {
  test.each(Object.entries(VERBS))("knows the flags of %s", (verb, { valued = [], bare = [] }) => {
    // Help alone, which asks no cluster; nor could it without a configuration.
    const run = spawnSync("kubectl", [...verb.split(" "), "--help"], {
      encoding: "utf8",
      env: { PATH: process.env["PATH"], KUBECONFIG: "/dev/null" },
    });
    expect(run.status).toBe(0);
    const options = spawnSync("kubectl", ["options"], {
      encoding: "utf8",
      env: { PATH: process.env["PATH"] },
    });
    const known = run.stdout + options.stdout;
    const names = [...valued, ...bare].flatMap((flag) => (flag === "-it" ? ["-i", "-t"] : [flag]));
    expect(names.filter((name) => !new RegExp(`^ +(?:-\\w, )?${name}(?:[,=]|$)`, "mu").test(known))).toEqual(
      [],
    );
  });
});
