import axe, { type AxeResults } from "axe-core";
import type { Browser, BrowserContextOptions, Page } from "playwright-core";
import { expect, vi } from "vitest";

/** Somebody who looks at the page, in a browser of its own without history. */
export class Viewer implements AsyncDisposable {
  readonly page: Page;
  /** What the browser complained about. */
  readonly complaints: string[] = [];
  /** Where the page sent requests to. */
  readonly origins: Set<string> = new Set();

  private constructor(page: Page) {
    this.page = page;
    page.on("console", (message) => {
      if (message.type() !== "log") this.complaints.push(`${message.type()}: ${message.text()}`);
    });
    page.on("pageerror", (error) => this.complaints.push(error.message));
    page.on("request", (request) => {
      if (!request.url().startsWith("data:")) this.origins.add(new URL(request.url()).origin);
    });
  }

  static async open(browser: Browser, url: string, options: BrowserContextOptions = {}): Promise<Viewer> {
    const context = await browser.newContext({ viewport: { width: 1000, height: 800 }, ...options });
    const viewer = new Viewer(await context.newPage());
    await viewer.page.goto(url);
    // Gone once the page was loaded anew.
    if (options.javaScriptEnabled !== false) await viewer.page.evaluate("globalThis.sameDocument = true");
    return viewer;
  }

  /** As it is seen, on one line. */
  async text(selector: string): Promise<string> {
    return (await this.page.innerText(selector)).replace(/\s+/gu, " ").trim();
  }

  /** Waits until what `selector` finds says `words`. */
  async sees(selector: string, words: RegExp): Promise<void> {
    await vi.waitFor(async () => expect(await this.text(selector)).toMatch(words), {
      timeout: 20_000,
      interval: 50,
    });
  }

  /** A property of the computed style of what `selector` finds first. */
  async style(selector: string, property: string): Promise<string> {
    const [found, name] = [JSON.stringify(selector), JSON.stringify(property)];
    return await this.page.evaluate<string>(
      `getComputedStyle(document.querySelector(${found})).getPropertyValue(${name})`,
    );
  }

  async isSameDocument(): Promise<boolean> {
    return await this.page.evaluate<boolean>("globalThis.sameDocument === true");
  }

  /** How much wider the page is than the window, in pixels. */
  async overflow(): Promise<number> {
    return await this.page.evaluate<number>(
      "document.scrollingElement.scrollWidth - document.documentElement.clientWidth",
    );
  }

  /** What axe finds wrong, each with where. */
  async violations(): Promise<readonly string[]> {
    await this.page.evaluate(axe.source);
    const { violations } = await this.page.evaluate<AxeResults>("axe.run()");
    return violations.map(
      ({ id, impact, nodes }) => `${impact ?? ""} ${id}: ${nodes.map(({ html }) => html).join(" ")}`,
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.page.context().close();
  }
}
