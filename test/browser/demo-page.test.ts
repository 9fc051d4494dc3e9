import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Command } from "../integration/support/cli.js";
import { http } from "../testing/harness.js";
import { findChromium, launchChromium } from "./chromium.js";
import { Viewer } from "./viewer.js";

const path = findChromium();

describe.skipIf(path === undefined)("the page of the demo in Chromium", () => {
  let browser: Browser;
  let demo: Command;
  let url = "";

  beforeAll(async () => {
    browser = await launchChromium(path ?? "");
    demo = await Command.start(["demo", "--page", "--json"]);
    await demo.says(/"serving"/u);
    ({ url } = JSON.parse(demo.output()) as { url: string });
  });
  afterAll(async () => {
    await browser.close();
    await demo[Symbol.asyncDispose]();
  });

  test.each(["light", "dark"] as const)(
    "shows who hands out a wrong token once the rule is dropped, in the %s",
    async (colorScheme) => {
      // Before anybody looks: the page of a service that ends is no page for a while, which browsers complain about.
      for (const name of ["mend-all", "restart"]) await http(`${url}do/${name}`, { method: "POST" });
      await using viewer = await Viewer.open(browser, url, { colorScheme });
      const { page } = viewer;
      await viewer.sees("#connection", /^live$/u);
      await viewer.sees("#guarded-rows", /Key Vault right token, of this pod/u);
      await viewer.sees("#plain-rows", /Key Vault right token, of this pod/u);

      await page.getByRole("button", { name: "Drop the rule" }).click();
      await viewer.sees("#pressed", /^Drop the rule: done\.$/u);
      await viewer.sees("#plain-rows", /Storage WRONG token, of the node/u);
      await viewer.sees("#node", /Its rule gone: requests go to IMDS/u);
      await viewer.sees("#guarded-gate", /gate closed: NMI says active, but IMDS answers/u);
      await viewer.sees("#announcement", /plain SDK has handed out wrong tokens, the guard has .* none/u);
      await viewer.sees("#guarded-headline", /^0 wrong/u);

      const frame = page.frameLocator("iframe");
      await frame.locator("h1", { hasText: /Degraded|Failing/u }).waitFor({ timeout: 20_000 });
      await page.getByText("What the buttons do").click();
      expect(await viewer.violations()).toEqual([]);
      expect(viewer.complaints).toEqual([]);
      expect([...viewer.origins]).toEqual([new URL(url).origin]);
    },
  );

  test("is used by keyboard", async () => {
    await using viewer = await Viewer.open(browser, url);
    await viewer.sees("#connection", /^live$/u);
    await viewer.page.getByRole("button", { name: "Throttle IMDS" }).focus();
    await viewer.page.keyboard.press("Enter");
    await viewer.sees("#node", /IMDS throttled: 429/u);
    await viewer.sees("#pressed", /^Throttle IMDS: done\.$/u);
    expect(await viewer.page.evaluate("document.activeElement.dataset.do")).toBe("throttle-imds");
  });

  test("fits a phone", async () => {
    await using viewer = await Viewer.open(browser, url, { viewport: { width: 360, height: 740 } });
    await viewer.sees("#connection", /^live$/u);
    await viewer.page.getByText("What the buttons do").click();
    expect(await viewer.overflow()).toBe(0);
  });
});
