import { describe, expect, test } from "vitest";
import { CrashBackOff } from "./crash-back-off.js";
import { PodOnTrial } from "./pod-on-trial.js";

// https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#restart-policy

const pod = (policy?: string, probes = ""): PodOnTrial =>
  new PodOnTrial(
    `{ ${policy === undefined ? "" : `restartPolicy: ${policy}, `}containers: [{ name: app, image: app ${probes} }] }`,
  );

describe("restartPolicy", () => {
  test.each([
    { policy: undefined, exitCode: 0, restarts: true },
    { policy: "Always", exitCode: 0, restarts: true },
    { policy: "Always", exitCode: 1, restarts: true },
    { policy: "OnFailure", exitCode: 0, restarts: false },
    { policy: "OnFailure", exitCode: 1, restarts: true },
    { policy: "Never", exitCode: 0, restarts: false },
    { policy: "Never", exitCode: 1, restarts: false },
  ])("$policy, exit code $exitCode: restarts is $restarts", async ({ policy, exitCode, restarts }) => {
    const trial = pod(policy);
    await trial.seconds(5);
    await trial.exit("app", exitCode);
    await trial.seconds(1000);
    expect(trial.take(/start app/u)).toHaveLength(restarts ? 2 : 1);
  });

  // pkg/kubelet/kuberuntime/kuberuntime_manager.go, computePodActions: "failed liveness probe, will be restarted".
  test.each([
    { policy: "Always", probe: "liveness", restarts: true },
    { policy: "OnFailure", probe: "liveness", restarts: true },
    { policy: "OnFailure", probe: "startup", restarts: true },
    { policy: "Never", probe: "liveness", restarts: false },
    { policy: "Never", probe: "startup", restarts: false },
  ])(
    "$policy, killed for its $probe probe, and exit code 0: restarts is $restarts",
    async ({ policy, probe, restarts }) => {
      const trial = pod(policy, `, ${probe}Probe: { exec: { command: [check] }, failureThreshold: 1 }`);
      trial.graceful.add("app");
      trial.answers["check"] = 1;
      await trial.seconds(5);
      const seen = trial.take(/start app|terminated/u);
      expect(seen).toContain("0 app terminated (Completed 0) #0");
      expect(seen.filter((line) => line.endsWith("start app"))).toHaveLength(restarts ? 2 : 1);
    },
  );

  test("OnFailure, and an end of its own with 0 after one for a probe: is not restarted again", async () => {
    const trial = pod("OnFailure", ", livenessProbe: { exec: { command: [check] }, failureThreshold: 1 }");
    trial.answers["check"] = 1;
    await trial.seconds(0);
    trial.answers["check"] = 0;
    await trial.seconds(20);
    await trial.exit("app", 0);
    await expect(trial.ended).resolves.toBe("Succeeded");
  });

  test.each([
    { exitCode: 0, phase: "Succeeded" },
    { exitCode: 3, phase: "Failed" },
  ])("a pod whose containers have ended with $exitCode for good has $phase", async ({ exitCode, phase }) => {
    const trial = pod("Never");
    await trial.seconds(1);
    await trial.exit("app", exitCode);
    await expect(trial.ended).resolves.toBe(phase);
  });
});

describe("the crash back-off", () => {
  test("restarts at once, then after 10 s, 20 s, 40 s ... and never after more than 300 s", () => {
    const backOff = new CrashBackOff();
    const waits = Array.from({ length: 9 }, () => backOff.after(1000) / 1000);
    expect(waits).toEqual([0, 10, 20, 40, 80, 160, 300, 300, 300]);
  });

  test("a container that ran for 10 min begins anew", () => {
    const backOff = new CrashBackOff();
    for (let crash = 0; crash < 4; crash += 1) backOff.after(1000);
    expect(backOff.after(599_999)).toBe(80_000);
    expect(backOff.after(600_000)).toBe(0);
    expect(backOff.after(1000)).toBe(10_000);
  });

  test("shows as CrashLoopBackOff, with the number of restarts", async () => {
    const trial = pod();
    await trial.seconds(1);
    await trial.exit("app", 1);
    await trial.seconds(1);
    await trial.exit("app", 1);
    await trial.seconds(10);
    expect(trial.take(/^\d+ app/u)).toEqual([
      "0 app waiting (ContainerCreating) #0",
      "0 app running #0",
      "1 app terminated (Error 1) #0",
      "1 app running #1",
      "2 app terminated (Error 1) #1",
      "2 app waiting (CrashLoopBackOff) #1",
      "12 app running #2",
    ]);
  });
});
