import { setMaxListeners } from "node:events";
import type { UpstreamCall } from "./adal.js";
import { DEFAULT_NMI_SETTINGS, mergeSettings } from "./nmi-settings.js";
import type { NmiSettings, NmiSettingsInit } from "./nmi-settings.js";
import type { SimulatedTime } from "./simulated-time.js";

/**
 * Where NMI is in its life.
 *
 * | state | health | rule | token server |
 * | --- | --- | --- | --- |
 * | `down` | refused | no | down |
 * | `starting` | refused | as it was | down |
 * | `not-active` | 200 `Not Active` | no, after a crash yes | up |
 * | `active` | 200 `Active` | yes | up |
 * | `terminating` | as before, 200 `Active` | no | up |
 * | `crashed` | refused | left behind | down |
 *
 * From aad-pod-identity cmd/nmi/main.go and pkg/nmi/server/server.go.
 *
 * @public
 */
export type NmiState = "down" | "starting" | "not-active" | "active" | "terminating" | "crashed";

/** @public */
export interface NmiStartOptions {
  /** Simulated milliseconds until the health port listens (`starting`). Default 0. */
  readonly healthAfterMs?: number | undefined;
  /** Simulated milliseconds, from the start, until `active`. Default the same as `healthAfterMs`. */
  readonly activeAfterMs?: number | undefined;
  /** Simulated milliseconds for which NMI is `active` before its token server listens: requests are refused. Default 0. */
  readonly tokenServerLagMs?: number | undefined;
}

const HEALTH: Readonly<Record<NmiState, string | undefined>> = {
  down: undefined,
  starting: undefined,
  "not-active": "Not Active",
  active: "Active",
  terminating: "Active",
  crashed: undefined,
};

const GRACE_MS = 10_000;
const RECONCILE_MS = 60_000;

/** What NMI changes in the rest of the node. */
export interface NmiEffects {
  /** Makes the listeners agree with the state; resolves when they do. */
  applied(): Promise<void>;
  /** The connections to the token server end with its process. */
  breakNmiConnections(): void;
  breakImdsConnections(): void;
  readonly upstreamCalls: readonly UpstreamCall[];
}

/**
 * NMI's life, and the DNAT rule. Every change takes effect for new connections when its promise resolves; what closes,
 * closes at once. A command cuts short what an earlier one still had to do; commands for the rule leave a start or an exit
 * going on.
 *
 * @public
 */
export class Nmi {
  readonly #time: SimulatedTime;
  readonly #effects: NmiEffects;
  #state: NmiState = "down";
  #rule = false;
  #tokenServer = false;
  // The flag behind `/healthz`: set once, and gone only with the process.
  #hasBeenActive = false;
  #settings: NmiSettings;
  #process = new AbortController();
  // What is still to come of a start or an exit, and of a dropped rule.
  readonly #plans = { life: new AbortController(), rule: new AbortController() };

  /** @internal */
  constructor(time: SimulatedTime, settings: NmiSettingsInit, effects: NmiEffects) {
    this.#time = time;
    this.#effects = effects;
    this.#settings = mergeSettings(DEFAULT_NMI_SETTINGS, settings);
  }

  get state(): NmiState {
    return this.#state;
  }

  /** Whether new connections to the metadata address are sent to NMI. */
  get ruleInstalled(): boolean {
    return this.#rule;
  }

  /** Whether NMI's token server accepts connections. */
  get tokenServerUp(): boolean {
    return this.#tokenServer;
  }

  /** The body of `/healthz`; `undefined` while its port refuses. */
  get health(): string | undefined {
    return this.#state === "terminating" && !this.#hasBeenActive ? HEALTH["not-active"] : HEALTH[this.#state];
  }

  /** Flags; change them with `configure`. */
  get options(): NmiSettings {
    return this.#settings;
  }

  /** Requests that NMI sent to IMDS for tokens, retries included; the last 10,000. */
  get upstreamCalls(): readonly UpstreamCall[] {
    return this.#effects.upstreamCalls;
  }

  /** @internal Aborts when the process ends. */
  get processSignal(): AbortSignal {
    return this.#process.signal;
  }

  /** Changes flags, for requests that arrive from now on. */
  configure(settings: NmiSettingsInit): void {
    this.#settings = mergeSettings(this.#settings, settings);
  }

  /** Starts NMI anew. Resolves once it is `active`, or another command came between. */
  async start(options: NmiStartOptions = {}): Promise<void> {
    const { healthAfterMs = 0, tokenServerLagMs = 0 } = options;
    const activeAfterMs = Math.max(healthAfterMs, options.activeAfterMs ?? healthAfterMs);
    await this.#follow("life", async (wait) => {
      await this.#become("starting", { tokenServer: false });
      await wait(healthAfterMs);
      await this.#become("not-active", { tokenServer: tokenServerLagMs === 0 });
      await wait(activeAfterMs - healthAfterMs);
      await this.#become("active", { tokenServer: tokenServerLagMs === 0, rule: true });
      await wait(tokenServerLagMs);
      await this.#become("active", { tokenServer: true });
    });
  }

  /** Switches without anything in between, as if the phases before had been gone through. */
  async setState(state: "down" | "not-active" | "active"): Promise<void> {
    const after = {
      down: { tokenServer: false, rule: false },
      "not-active": { tokenServer: true, rule: this.#state === "crashed" },
      active: { tokenServer: true, rule: true },
    }[state];
    await this.#follow("life", async () => await this.#become(state, after));
  }

  /**
   * SIGTERM: the rule goes at once, NMI still answers, and says what it said before, for `graceMs` simulated
   * milliseconds (default 10 s), then it is `down`. Resolves when the rule is gone. Does nothing where NMI does not run.
   */
  async exitGracefully(options: { readonly graceMs?: number | undefined } = {}): Promise<void> {
    const { graceMs = GRACE_MS } = options;
    await this.#follow("life", async (wait, later) => {
      if (!this.#tokenServer) {
        // There is no process, or none yet that could catch the signal.
        if (this.#state === "starting") await this.#become("down", { tokenServer: false });
        return;
      }
      await this.#become("terminating", { tokenServer: this.#tokenServer, rule: false });
      later(async () => {
        await wait(graceMs);
        await this.#become("down", { tokenServer: false });
      });
    });
  }

  /** SIGKILL, out of memory: everything refuses, and the rule stays, so that metadata requests are refused too. */
  async crash(): Promise<void> {
    await this.#follow("life", async () => await this.#become("crashed", { tokenServer: false }));
  }

  /**
   * Somebody else flushes the table. NMI, where it is active, puts its rule back at its next look, after
   * `restoredAfterMs` simulated milliseconds: default 60 s, its interval; `Infinity` for never.
   */
  async dropRule(options: { readonly restoredAfterMs?: number | undefined } = {}): Promise<void> {
    const { restoredAfterMs = RECONCILE_MS } = options;
    await this.#follow("rule", async (wait, later) => {
      await this.#become(this.#state, { tokenServer: this.#tokenServer, rule: false });
      if (this.#state !== "active") return;
      later(async () => {
        await wait(restoredAfterMs);
        if (this.#state === "active")
          await this.#become("active", { tokenServer: this.#tokenServer, rule: true });
      });
    });
  }

  /** The rule is there, whatever NMI does. */
  async installRule(): Promise<void> {
    await this.#follow(
      "rule",
      async () => await this.#become(this.#state, { tokenServer: this.#tokenServer, rule: true }),
    );
  }

  /** @internal */
  close(): void {
    for (const plan of Object.values(this.#plans)) plan.abort();
    this.#process.abort();
  }

  /** Runs a plan in place of the one before; waits of a plan that was replaced end it silently. */
  async #follow(
    kind: "life" | "rule",
    plan: (wait: (ms: number) => Promise<void>, later: (rest: () => Promise<void>) => void) => Promise<void>,
  ): Promise<void> {
    this.#plans.rule.abort();
    if (kind === "life") this.#plans.life.abort();
    const controller = new AbortController();
    this.#plans[kind] = controller;
    const { signal } = controller;
    const wait = async (ms: number): Promise<void> => {
      if (ms > 0) await this.#time.wait(ms, signal);
      signal.throwIfAborted();
    };
    const unlessReplaced = async (step: () => Promise<void>): Promise<void> => {
      try {
        await step();
      } catch (error) {
        if (!signal.aborted) throw error;
      }
    };
    await unlessReplaced(async () => await plan(wait, (rest) => void unlessReplaced(rest)));
  }

  async #become(state: NmiState, after: { tokenServer: boolean; rule?: boolean }): Promise<void> {
    const installs = after.rule === true && !this.#rule;
    this.#state = state;
    this.#rule = after.rule ?? this.#rule;
    if (state !== "terminating") this.#hasBeenActive = state === "active";
    if (this.#tokenServer && !after.tokenServer) {
      this.#process.abort();
      this.#effects.breakNmiConnections();
    } else if (!this.#tokenServer && after.tokenServer) {
      this.#process = new AbortController();
      setMaxListeners(0, this.#process.signal);
    }
    this.#tokenServer = after.tokenServer;
    if (installs && this.#settings.conntrackDeletion) this.#effects.breakImdsConnections();
    await this.#effects.applied();
  }
}
