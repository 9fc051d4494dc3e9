import { expect, test } from "vitest";
import type { Ready, Service } from "../../../src/cli/demo-events.js";
import { PAGE_RESOURCES } from "../../../src/cli/demo-page/page-resources.js";
import { PageServices } from "../../../src/cli/demo-page/page-services.js";

interface Fake {
  readonly who: Service;
  readonly asked: string[];
  stopped: boolean;
}

function fakes(ready: (who: Service) => Promise<Ready> = readily): {
  readonly started: readonly Fake[];
  readonly changes: readonly string[];
  readonly services: PageServices;
} {
  const started: Fake[] = [];
  const changes: string[] = [];
  const services = new PageServices(
    (who) => {
      const fake: Fake = { who, asked: [], stopped: false };
      started.push(fake);
      return {
        ready: ready(who),
        ask: (resource) => void fake.asked.push(resource),
        stop: () => Promise.resolve(void (fake.stopped = true)),
      };
    },
    (change) => void changes.push(change),
  );
  return { started, changes, services };
}

const URL_OF_PAGE = "http://127.0.0.1:1";
const readily = async (who: Service): Promise<Ready> =>
  await Promise.resolve(who === "guarded" ? { kind: "ready", page: URL_OF_PAGE } : { kind: "ready" });

const [FIRST, SECOND] = PAGE_RESOURCES.map(({ resource }) => resource);

test("both start, are asked for one token, and the guard's page is known", async () => {
  const { services, started, changes } = fakes();
  expect(services.guardPage).toBeUndefined();
  await services.restart();
  expect(started.map(({ who, asked }) => [who, asked])).toEqual([
    ["plain", [FIRST]],
    ["guarded", [FIRST]],
  ]);
  expect(services.guardPage).toBe(URL_OF_PAGE);
  expect(changes).toEqual(["restarting", "started"]);
});

test("both need one token more each time, until they need all", async () => {
  const { services, started } = fakes();
  services.needMore(); // nobody is there yet
  await services.restart();
  services.needMore();
  expect(started[1]?.asked).toEqual([FIRST, SECOND]);
  for (let more = 0; more < 20; more++) services.needMore();
  expect(started[0]?.asked).toEqual(PAGE_RESOURCES.map(({ resource }) => resource));
  expect(started[1]?.asked).toEqual(started[0]?.asked);
});

test("a restart stops those that run, and begins with the first token", async () => {
  const { services, started } = fakes();
  await services.restart();
  services.needMore();
  await Promise.all([services.restart(), services.restart()]);
  expect(started.map(({ stopped }) => stopped)).toEqual([true, true, false, false]);
  expect(started[3]?.asked).toEqual([FIRST]);
});

test("a service that cannot start is an error, and a later restart may succeed", async () => {
  let broken = true;
  const { services, started } = fakes(async (who) => {
    if (broken) throw new Error("no");
    return await readily(who);
  });
  await expect(services.restart()).rejects.toThrow("no");
  broken = false;
  await services.restart();
  expect(started[3]?.asked).toEqual([FIRST]);
});

test("after the end nothing starts any more", async () => {
  const { services, started } = fakes();
  await services.restart();
  await services.stop();
  await services.restart();
  expect(started.map(({ stopped }) => stopped)).toEqual([true, true]);
});
