import { describe, expect, test } from "vitest";
import { PodOnTrial } from "./pod-on-trial.js";

const container = (name: string, more = ""): string => `{ name: ${name}, image: ${name} ${more} }`;
const pod = (
  inits: readonly string[],
  containers: readonly string[] = [container("app")],
  more = "",
): PodOnTrial =>
  new PodOnTrial(`{ initContainers: [${inits.join(", ")}], containers: [${containers.join(", ")}] ${more} }`);
const SIDECAR = ", restartPolicy: Always";
const STARTUP = ", startupProbe: { exec: { command: [startup] }, periodSeconds: 2, failureThreshold: 3 }";

// https://kubernetes.io/docs/concepts/workloads/pods/init-containers/#understanding-init-containers
describe("init containers", () => {
  test("run one after another, each to completion, before the containers", async () => {
    const trial = pod([container("first"), container("second")], [container("app"), container("other")]);
    await trial.seconds(5);
    expect(trial.take(/start/u)).toEqual(["0 start first"]);
    await trial.exit("first", 0);
    await trial.seconds(5);
    expect(trial.take(/start/u)).toEqual(["5 start second"]);
    await trial.exit("second", 0);
    expect(trial.take(/start/u)).toEqual(["10 start app", "10 start other"]);
  });

  test("one that fails is started again until it succeeds, with the back-off", async () => {
    const trial = pod([container("first")]);
    await trial.seconds(1);
    await trial.exit("first", 1);
    await trial.exit("first", 1);
    await trial.seconds(10);
    await trial.exit("first", 0);
    expect(trial.take(/start|Back/u)).toEqual([
      "0 start first",
      "1 start first",
      "1 first waiting (CrashLoopBackOff) #1",
      "11 start first",
      "11 start app",
    ]);
  });

  test("with the policy Never one that fails is the end of the pod", async () => {
    const trial = pod([container("first")], undefined, ", restartPolicy: Never");
    await trial.seconds(1);
    await trial.exit("first", 1);
    await expect(trial.ended).resolves.toBe("Failed");
    expect(trial.take(/start/u)).toEqual(["0 start first"]);
  });

  test("one that has succeeded is not run again when a container restarts", async () => {
    const trial = pod([container("first")]);
    await trial.exit("first", 0);
    await trial.seconds(1);
    await trial.exit("app", 1);
    expect(trial.take(/start/u)).toEqual(["0 start first", "0 start app", "1 start app"]);
  });
});

// https://kubernetes.io/docs/concepts/workloads/pods/sidecar-containers/
describe("sidecars", () => {
  test("the next starts once one has started, and its end is not waited for", async () => {
    const trial = pod([container("side", SIDECAR), container("init")]);
    await trial.seconds(0);
    expect(trial.take(/start/u)).toEqual(["0 start side", "0 start init"]);
    await trial.exit("init", 0);
    expect(trial.take(/start/u)).toEqual(["0 start app"]);
  });

  test("with a startup probe one has started when that has succeeded", async () => {
    const trial = pod([container("side", SIDECAR + STARTUP)]);
    trial.answers["startup"] = 1;
    await trial.seconds(3);
    expect(trial.take(/start \w+$/u)).toEqual(["0 start side"]);
    trial.answers["startup"] = 0;
    await trial.seconds(1);
    expect(trial.take(/start \w+$/u)).toEqual(["4 start app"]);
  });

  test("one whose startup probe never succeeds is started again, and nothing after it", async () => {
    const trial = pod([container("side", SIDECAR + STARTUP)]);
    trial.answers["startup"] = 1;
    await trial.seconds(4);
    expect(trial.take(/start \w+$|SIG/u)).toEqual(["0 start side", "4 SIGTERM side", "4 start side"]);
  });

  test.each(["Always", "OnFailure", "Never"])(
    "is started again whatever its exit code, also under the pod's policy %s, and without the containers",
    async (policy) => {
      const trial = pod([container("side", SIDECAR)], undefined, `, restartPolicy: ${policy}`);
      await trial.seconds(1);
      await trial.exit("side", 0);
      expect(trial.take(/start/u)).toEqual(["0 start side", "0 start app", "1 start side"]);
    },
  );

  test("its readiness counts for the pod's", async () => {
    const trial = pod([
      container(
        "side",
        `${SIDECAR}, readinessProbe: { exec: { command: [ready] }, periodSeconds: 1, failureThreshold: 1 }`,
      ),
    ]);
    trial.answers["ready"] = 1;
    await trial.seconds(2);
    trial.answers["ready"] = 0;
    await trial.seconds(1);
    trial.answers["ready"] = 1;
    await trial.seconds(1);
    expect(trial.take(/ Ready/u)).toEqual(["0 not Ready", "3 Ready", "4 not Ready"]);
  });

  test("its liveness has it alone restarted", async () => {
    const trial = pod([
      container(
        "side",
        `${SIDECAR}, livenessProbe: { exec: { command: [live] }, periodSeconds: 1, failureThreshold: 2 }`,
      ),
    ]);
    trial.answers["live"] = 1;
    await trial.seconds(1);
    expect(trial.take(/SIG|start/u)).toEqual([
      "0 start side",
      "0 start app",
      "1 SIGTERM side",
      "1 start side",
    ]);
  });

  test("at the pod's end they are ended after the containers, the last first", async () => {
    const trial = pod(
      [container("one", SIDECAR), container("two", SIDECAR)],
      [container("app"), container("other")],
    );
    await trial.seconds(1);
    trial.stubborn.add("app");
    const ended = trial.terminate();
    await trial.seconds(30);
    await ended;
    expect(trial.take(/SIG/u)).toEqual([
      "1 SIGTERM app",
      "1 SIGTERM other",
      "31 SIGKILL app",
      "31 SIGTERM two",
      "31 SIGTERM one",
    ]);
  });

  // "If the grace period expires before the termination process is complete [...] all remaining containers in the Pod will be
  // terminated simultaneously with a short grace period" (pod-lifecycle/#termination-with-sidecars). How short, and that the
  // rest has to do until then: killContainer of pkg/kubelet/kuberuntime/kuberuntime_container.go.
  test("at the pod's end all share one grace period, and with 2 s nobody is left", async () => {
    const trial = pod(
      [container("one", SIDECAR), container("two", SIDECAR), container("three", SIDECAR)],
      undefined,
      ", terminationGracePeriodSeconds: 20",
    );
    for (const name of ["one", "two", "three"]) trial.stubborn.add(name);
    await trial.seconds(1);
    const ended = trial.terminate();
    await trial.seconds(22);
    await ended;
    await expect(trial.ended).resolves.toBe("Failed");
    expect(trial.take(/SIG/u)).toEqual([
      "1 SIGTERM app",
      "1 SIGTERM three",
      "21 SIGKILL three",
      "21 SIGTERM two",
      "21 SIGTERM one",
      "23 SIGKILL two",
      "23 SIGKILL one",
    ]);
    expect(trial.clock.pending).toBe(0);
  });

  test("a sidecar has what the containers have left of the grace period", async () => {
    const trial = pod([container("side", SIDECAR)], undefined, ", terminationGracePeriodSeconds: 20");
    for (const name of ["app", "side"]) trial.stubborn.add(name);
    await trial.seconds(1);
    const ended = trial.terminate();
    await trial.seconds(15);
    await trial.exit("app", 0);
    await trial.seconds(5);
    await ended;
    expect(trial.take(/SIG/u)).toEqual(["1 SIGTERM app", "16 SIGTERM side", "21 SIGKILL side"]);
  });

  test("are ended once where the pod is ended while they end", async () => {
    const trial = pod([container("side", SIDECAR)], undefined, ", restartPolicy: Never");
    trial.stubborn.add("side");
    await trial.seconds(1);
    await trial.exit("app", 0);
    await trial.seconds(10);
    const ended = [trial.terminate(), trial.terminate()];
    await trial.seconds(20);
    await Promise.all(ended);
    await expect(trial.ended).resolves.toBe("Succeeded");
    expect(trial.take(/SIG/u)).toEqual(["1 SIGTERM side", "31 SIGKILL side"]);
  });

  test("do not keep a pod whose containers have completed", async () => {
    const trial = pod([container("side", SIDECAR)], undefined, ", restartPolicy: OnFailure");
    await trial.seconds(1);
    await trial.exit("app", 0);
    await expect(trial.ended).resolves.toBe("Succeeded");
    expect(trial.take(/SIG/u)).toEqual(["1 SIGTERM side"]);
  });
});

// https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#pod-conditions
describe("conditions", () => {
  test("Initialized is true once all init containers have completed; without any from the beginning", async () => {
    const trial = pod([container("first")]);
    await trial.seconds(3);
    await trial.exit("first", 0);
    expect(trial.take(/Initialized/u)).toEqual(["0 not Initialized", "3 Initialized"]);
    expect(pod([]).take(/Initialized/u)).toEqual(["0 Initialized"]);
  });

  test("ContainersReady and Ready are true while all containers are ready", async () => {
    const ready =
      ", readinessProbe: { exec: { command: [ready] }, initialDelaySeconds: 5, periodSeconds: 5 }";
    const trial = pod([], [container("app"), container("other", ready)]);
    await trial.seconds(6);
    await trial.exit("app", 1);
    expect(trial.take(/Ready/u)).toEqual([
      "0 not ContainersReady",
      "0 not Ready",
      "5 ContainersReady",
      "5 Ready",
      "6 not ContainersReady",
      "6 not Ready",
      "6 ContainersReady",
      "6 Ready",
    ]);
  });
});

// https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#container-states
test("a container waits until it may run, and has terminated with a reason and a code", async () => {
  const trial = pod([container("first")], undefined, ", restartPolicy: Never");
  await trial.exit("first", 0);
  await trial.exit("app", 7);
  expect(trial.take(/ #/u)).toEqual([
    "0 first waiting (PodInitializing) #0",
    "0 app waiting (PodInitializing) #0",
    "0 first running #0",
    "0 first terminated (Completed 0) #0",
    "0 app running #0",
    "0 app terminated (Error 7) #0",
  ]);
});

test("a pod that is ended during its initialization starts nothing more", async () => {
  const trial = pod([container("first"), container("second")]);
  await trial.seconds(1);
  await trial.terminate();
  await expect(trial.ended).resolves.toBe("Failed");
  expect(trial.take(/start|SIG/u)).toEqual(["0 start first", "1 SIGTERM first"]);
});

test("a pod that is ended while a container is about to run ends it, too", async () => {
  const trial = pod([container("first")]);
  trial.stubborn.add("first");
  const ended = trial.terminate();
  await trial.seconds(30);
  await ended;
  await expect(trial.ended).resolves.toBe("Failed");
  expect(trial.take(/start|SIG/u)).toEqual(["0 start first", "0 SIGTERM first", "30 SIGKILL first"]);
});

test("a pod that is ended during a back-off starts nothing more", async () => {
  const trial = pod([]);
  await trial.exit("app", 1);
  await trial.exit("app", 1);
  await trial.terminate();
  await trial.ended;
  await trial.seconds(100);
  expect(trial.take(/start/u)).toHaveLength(2);
  expect(trial.clock.pending).toBe(0);
});
