import { once } from "node:events";
import { expect } from "vitest";
import type { AttemptRecord } from "../../../src/errors.js";
import type { HealthSnapshot } from "../../../src/health/health-snapshot.js";
import { endWithin, startFixture, type Ended, type Running } from "./process.js";
import { secretsIn } from "./secrets.js";
import { Slots } from "./slots.js";

/** What a call for a token came to, in the process that made it. */
export type Settled =
  | {
      readonly outcome: "token";
      readonly token: string;
      readonly oid?: string;
      readonly expiresOn: number;
      readonly waitedMs: number;
    }
  | ({ readonly outcome: "error"; readonly waitedMs: number; readonly cause?: string } & ThrownError);

export interface ThrownError {
  readonly name: string;
  readonly message: string;
  readonly code?: string;
  readonly details?: {
    readonly reason?: string;
    readonly permanent?: boolean;
    readonly attempts?: readonly AttemptRecord[];
    readonly problems?: readonly { readonly name: string; readonly value: string }[];
  };
}

/** A credential to build in the process. */
export interface CredentialSpec {
  readonly from: "guard" | "guard-cjs" | "sdk" | "sdk-cjs";
  readonly name: string;
  readonly args?: readonly unknown[];
  /** Freeze the arguments, all the way down. */
  readonly frozen?: boolean;
  /** Options of `guard`, around it. */
  readonly wrap?: object;
}

export interface CallOptions {
  readonly options?: object;
  /** Name by which the call can be aborted. */
  readonly abort?: string;
  readonly abortAfterMs?: number;
}

export interface ChildOptions {
  readonly fixture?: string;
  readonly nodeArguments?: readonly string[];
}

interface Answer {
  readonly number?: number;
  readonly value?: unknown;
  readonly failure?: ThrownError;
}

/** The command itself threw: a constructor, for example. */
export class RemoteError extends Error {
  readonly thrown: ThrownError;

  constructor(thrown: ThrownError) {
    super(`${thrown.code ?? thrown.name}: ${thrown.message}`);
    this.thrown = thrown;
  }
}

// The machine has few cores, and a process that starts keeps one of them busy.
const STARTING = new Slots(3);
/** A process that nothing keeps has this long to exit by itself. */
const EXIT_MS = 15_000;

/**
 * A fresh process with the built package and `@azure/identity` in it, whose credentials the test drives. When it ends,
 * all that it wrote is searched for tokens, and it must have exited by itself.
 */
export class Child implements AsyncDisposable {
  readonly #running: Running;
  readonly #pending = new Map<number, (answer: Answer) => void>();
  readonly #tokens = new Set<string>();
  #last = 0;
  #ended: Promise<Ended> | undefined;

  private constructor(running: Running) {
    this.#running = running;
    running.process.on("message", (answer: Answer) => {
      this.#pending.get(answer.number ?? 0)?.(answer);
    });
    void running.ended.then(({ stderr }) => {
      const failure = { name: "Error", message: `the process ended: ${stderr.slice(-2000)}` };
      for (const settle of this.#pending.values()) settle({ failure });
    });
  }

  /** `fixture` is one that has more commands than `remote.mjs`, for {@link Child.ask}. */
  static async start(
    environment: Readonly<Record<string, string>>,
    { fixture = "remote.mjs", nodeArguments = [] }: ChildOptions = {},
  ): Promise<Child> {
    const release = await STARTING.take();
    try {
      const running = startFixture(fixture, environment, { ipc: true, nodeArguments });
      const ready = once(running.process, "message");
      const died = running.ended.then(({ stderr }) => {
        throw new Error(`The process did not start: ${stderr.slice(-2000)}`);
      });
      died.catch(() => undefined);
      await Promise.race([ready, died]);
      return new Child(running);
    } finally {
      release();
    }
  }

  /** Builds one credential; throws {@link RemoteError} with what its constructor threw. */
  async create(spec: CredentialSpec): Promise<string> {
    const [id] = await this.createAll(spec, 1);
    return id ?? "";
  }

  async createAll(spec: CredentialSpec, count: number): Promise<readonly string[]> {
    return (await this.ask("create", { spec, count })) as readonly string[];
  }

  async getToken(id: string, scopes: string | readonly string[], call: CallOptions = {}): Promise<Settled> {
    const [settled] = await this.getTokens([id], scopes, 1, call);
    if (settled === undefined) throw new Error("The process answered without a result.");
    return settled;
  }

  /** `count` calls at once for each of the credentials. */
  async getTokens(
    ids: readonly string[],
    scopes: string | readonly string[],
    count: number,
    call: CallOptions = {},
  ): Promise<readonly Settled[]> {
    const all = (await this.ask("getToken", { ids, scopes, count, ...call })) as readonly Settled[];
    for (const settled of all) if (settled.outcome === "token") this.#tokens.add(settled.token);
    return all;
  }

  async abort(call: string): Promise<void> {
    await this.ask("abort", { abort: call });
  }

  async warmUp(id: string, scopes: string): Promise<void> {
    await this.ask("warmUp", { id, scopes });
  }

  async snapshot(id: string): Promise<HealthSnapshot> {
    return (await this.ask("snapshot", { id })) as HealthSnapshot;
  }

  async events(id: string): Promise<readonly Readonly<Record<string, unknown>>[]> {
    return (await this.ask("events", { id })) as readonly Record<string, unknown>[];
  }

  /** The arguments of the constructor, as they are by now. */
  async args(id: string): Promise<unknown> {
    return await this.ask("args", { id });
  }

  async closeCredential(id: string): Promise<void> {
    await this.ask("close", { id });
  }

  /** Has a command of the fixture carried out; throws {@link RemoteError} with what it threw. */
  async ask(command: string, fields: object): Promise<unknown> {
    const number = ++this.#last;
    const answer = await new Promise<Answer>((resolve) => {
      this.#pending.set(number, resolve);
      this.#running.process.send({ command, number, ...fields });
    });
    this.#pending.delete(number);
    if (answer.failure !== undefined) throw new RemoteError(answer.failure);
    return answer.value;
  }

  /** The process's wall clock jumps by `ms`. */
  async passTime(ms: number): Promise<void> {
    await this.ask("passTime", { ms });
  }

  /** A token that must not show in the output either, although no caller of this process got it. */
  hides(...tokens: readonly string[]): void {
    for (const token of tokens) this.#tokens.add(token);
  }

  /** Lets the process go, without closing its credentials, and checks what it leaves behind. */
  async end(): Promise<Ended> {
    this.#ended ??= this.#end();
    return await this.#ended;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.end();
  }

  async #end(): Promise<Ended> {
    if (this.#running.process.connected) this.#running.process.disconnect();
    const ended = await endWithin(this.#running, EXIT_MS);
    expect(secretsIn(ended.stdout + ended.stderr, this.#tokens)).toEqual([]);
    expect({ code: ended.code, signal: ended.signal }).toEqual({ code: 0, signal: null });
    return ended;
  }
}
