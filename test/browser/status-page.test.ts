import { mkdirSync, statSync } from "node:fs";
import { join } from "node:path";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { SCOPE } from "../integration/support/setups.js";
import { findChromium, launchChromium } from "./chromium.js";
import { LivePod, OTHER_SCOPE } from "./live-pod.js";
import { Scene } from "./scenes.js";
import { Viewer } from "./viewer.js";

const path = findChromium();
const MISSING = "No Chromium: install one, or name it with CHROMIUM_PATH.";

test("there is a browser", (context) => {
  if (path === undefined && process.env["CI"] === undefined) {
    console.warn(`Skipped. ${MISSING}`);
    context.skip(MISSING);
  }
  expect(path, MISSING).toBeDefined();
});

describe.skipIf(path === undefined)("the status page in Chromium", () => {
  let browser: Browser;

  beforeAll(async () => {
    browser = await launchChromium(path ?? "");
  });
  afterAll(async () => {
    await browser.close();
  });

  test("starts red with the reason, and turns green when NMI becomes active", async () => {
    await using pod = await LivePod.start("down");
    await using viewer = await Viewer.open(browser, pod.url);
    await viewer.sees("#connection", /^live$/u);
    await viewer.sees("h1", /^Starting: nothing listens on NMI's health port$/u);
    await viewer.sees("#credential-1", /What to do NMI is not running on this node/u);
    await viewer.sees("#credential-1", /ECONNREFUSED/u);
    expect(await viewer.page.title()).toBe("Starting · azure-identity-guard");
    expect(await viewer.style(".headline", "border-top-color")).toBe("rgb(197, 40, 28)");

    await pod.node.nmi.setState("active");
    await viewer.sees("h1", /^Ready$/u);
    await viewer.sees("#credential-1", /https:\/\/vault\.azure\.net in 23 h/u);
    await viewer.sees("#credential-1", new RegExp(`oid ${pod.node.identity.objectId}`, "u"));
    expect(await viewer.page.title()).toBe("Ready · azure-identity-guard");
    expect(await viewer.style(".headline", "border-top-color")).toBe("rgb(27, 122, 72)");
    expect(await viewer.page.locator('#credential-1 use[href="#dot"]').count()).toBeGreaterThan(0);

    expect(await viewer.isSameDocument()).toBe(true);
    expect(viewer.complaints).toEqual([]);
    expect([...viewer.origins]).toEqual([pod.url]);
  });

  test("shows the tokens of another identity being refused, when it happens", async () => {
    await using pod = await LivePod.start("active");
    await using viewer = await Viewer.open(browser, pod.url);
    await viewer.sees("h1", /^Ready$/u);
    const other = pod.giveAnotherIdentity();
    await expect(pod.credential.getToken(OTHER_SCOPE)).rejects.toMatchObject({
      code: "ERR_GUARD_IDENTITY_MISMATCH",
    });

    await viewer.sees(
      ".rejection",
      /Token refused at .* it is another identity's\. No caller has seen it\./u,
    );
    await viewer.sees(".rejection", new RegExp(`oid that came ${other}`, "u"));
    await viewer.sees(".rejection", new RegExp(`oid expected ${pod.node.identity.objectId}`, "u"));
    await viewer.sees("#credential-1 .timeline", /Rejections [1-9]/u);
    expect(await viewer.page.locator('#credential-1 use[href="#diamond"]').count()).toBeGreaterThan(0);
    expect(await viewer.page.getByRole("img", { name: /[1-9]\d* tokens? refused/u }).count()).toBe(1);
    await viewer.page.click("summary");
    await viewer.sees(
      "#credential-1 details",
      /Rejection A token for https:\/\/storage\.azure\.com was refused/u,
    );
    expect(viewer.complaints).toEqual([]);
  });

  test("fails in words where a wanted token is refused", async () => {
    await using pod = await LivePod.start("down");
    await using viewer = await Viewer.open(browser, pod.url);
    pod.giveAnotherIdentity();
    await pod.node.nmi.setState("active");
    await expect(pod.credential.getToken(SCOPE)).rejects.toThrow();
    await viewer.sees("h1", /^Starting: the token was another identity's$/u);
    await viewer.sees("#credential-1", /What to do If it lasts, compare the expected ids/u);
    expect(await viewer.style(".headline", "border-top-color")).toBe("rgb(197, 40, 28)");
  });

  test("goes on by itself when the server is gone and comes back", async () => {
    await using pod = await LivePod.start("active");
    await using viewer = await Viewer.open(browser, pod.url);
    await viewer.sees("h1", /^Ready$/u);
    await viewer.sees("#connection", /^live$/u);
    await pod.stopServer();
    await viewer.sees("#connection", /^connection lost, trying again$/u);
    await pod.node.nmi.setState("down");
    expect(await viewer.text("h1")).toBe("Ready");

    await pod.startServerAgain();
    await viewer.sees("#connection", /^live$/u);
    await viewer.sees("h1", /^Degraded: nothing listens on NMI's health port$/u);
    await pod.node.nmi.setState("active");
    await viewer.sees("h1", /^Ready$/u);
    expect(await viewer.isSameDocument()).toBe(true);
    expect(viewer.complaints.filter((each) => !each.includes("net::ERR_"))).toEqual([]);
  });

  test("is used by keyboard: what was opened stays open, and focused, while the page changes", async () => {
    await using pod = await LivePod.start("active");
    await using viewer = await Viewer.open(browser, pod.url);
    await viewer.sees("h1", /^Ready$/u);
    const { page } = viewer;
    const focused = async (): Promise<string> =>
      await page.evaluate<string>("document.activeElement.tagName");
    for (let presses = 0; presses < 10 && (await focused()) !== "SUMMARY"; presses++)
      await page.keyboard.press("Tab");
    expect(await focused()).toBe("SUMMARY");
    expect(await viewer.style("summary", "outline-style")).toBe("solid");
    await page.keyboard.press("Enter");
    expect(await page.locator("details[open]").count()).toBe(1);

    // Parts come and go above it, rows of its own move.
    pod.giveAnotherIdentity();
    await expect(pod.credential.getToken(OTHER_SCOPE)).rejects.toThrow();
    await viewer.sees("#credential-1", /Token refused .* Before the token runs out/u);
    await viewer.sees(
      "details tbody tr:first-child",
      /Acquisition Gave up on a token for https:\/\/storage/u,
    );
    expect(await page.locator("details[open]").count()).toBe(1);
    expect(await focused()).toBe("SUMMARY");
  });

  test("tells a screen reader when a state changes, and is silent otherwise", async () => {
    await using pod = await LivePod.start("active");
    await using viewer = await Viewer.open(browser, pod.url);
    await viewer.sees("#announcement", /^1 of 1 credential ready\.$/u);
    await viewer.page.evaluate(`
      globalThis.said = [];
      new MutationObserver(() => said.push(document.getElementById("announcement").textContent))
        .observe(document.getElementById("announcement"), { childList: true, characterData: true, subtree: true });
    `);
    await pod.credential.getToken(OTHER_SCOPE);
    await viewer.sees("#credential-1 .tokens", /storage\.azure\.com/u);
    await pod.node.nmi.setState("down");
    await viewer.sees("h1", /^Degraded/u);
    expect(await viewer.page.evaluate("said")).toEqual(["0 of 1 credential ready. orders-api: Degraded."]);
    expect(await viewer.page.getAttribute("#announcement", "role")).toBe("status");
  });

  test("is whole without JavaScript", async () => {
    await using pod = await LivePod.start("active");
    await using viewer = await Viewer.open(browser, pod.url, { javaScriptEnabled: false });
    expect(await viewer.text("h1")).not.toBe("");
    expect(await viewer.page.locator("#credential-1 .track").count()).toBeGreaterThan(4);
    expect(viewer.complaints).toEqual([]);
  });

  test.each(["light", "dark"] as const)(
    "has nothing that axe finds wrong, in the %s",
    async (colorScheme) => {
      await using scene = await Scene.start({ details: true });
      await using viewer = await Viewer.open(browser, scene.url, { colorScheme });
      expect(await viewer.violations()).toEqual([]);
      await scene.nodeComesUp();
      await scene.nmiRestarts();
      await scene.wrongIdentityAnswers();
      await using second = await Viewer.open(browser, scene.url, { colorScheme });
      await second.sees("h1", /^Failing/u);
      await second.page.click("summary");
      expect(await second.violations()).toEqual([]);
    },
  );

  test("fits a phone, with everything open", async () => {
    await using scene = await Scene.start({ details: true });
    await scene.nodeComesUp();
    await scene.wrongIdentityAnswers();
    await using viewer = await Viewer.open(browser, scene.url, { viewport: { width: 360, height: 740 } });
    expect(await viewer.overflow()).toBe(0);
    await viewer.page.click("summary");
    expect(await viewer.overflow()).toBe(0);
    // Lanes are as wide as the card, with labels above.
    const width = await viewer.page.evaluate<number>("document.querySelector('.track').clientWidth");
    expect(width).toBeGreaterThan(280);
  });

  test("is dark in the dark", async () => {
    await using scene = await Scene.start({ details: false });
    await using viewer = await Viewer.open(browser, scene.url, { colorScheme: "dark" });
    expect(await viewer.style("body", "background-color")).toBe("rgb(14, 17, 21)");
    expect(await viewer.style("body", "color")).toBe("rgb(231, 234, 238)");
  });

  test.runIf(process.env["UPDATE_SCREENSHOTS"] === "1")("has its picture taken", async () => {
    const folder = join(import.meta.dirname, "../../examples/status-page");
    mkdirSync(folder, { recursive: true });
    await using scene = await Scene.start({ details: true });
    const picture = async (name: string, options: Parameters<typeof Viewer.open>[2] = {}): Promise<void> => {
      await using viewer = await Viewer.open(browser, scene.url, options);
      await viewer.sees("#connection", /^live$/u);
      const file = join(folder, `${name}.png`);
      await viewer.page.screenshot({ path: file, fullPage: true });
      expect(statSync(file).size).toBeLessThan(200_000);
    };
    await scene.nodeComesUp();
    await scene.nmiRestarts();
    await scene.timePasses(70);
    await picture("ready");
    await scene.wrongIdentityAnswers();
    await picture("refused");
    await picture("phone", {
      viewport: { width: 360, height: 740 },
      colorScheme: "dark",
    });
  });
});
