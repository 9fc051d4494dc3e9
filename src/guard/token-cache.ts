import type { TokenFailure } from "../health/health.js";
import type { Acquisition } from "./acquisition.js";
import { AbandonedAttempts } from "./abandoned-attempts.js";
import type { CachedToken } from "./cached-token.js";
import { Pace } from "./pace.js";

/** Everything that is known about one key. */
export interface KeyEntry {
  readonly id: string;
  /** The resource or the scopes, for messages. */
  readonly name: string;
  readonly scopes: readonly string[];
  token: CachedToken | undefined;
  acquisition: Acquisition | undefined;
  readonly abandoned: AbandonedAttempts;
  readonly pace: Pace;
  /** Why the last acquisition failed, where none has succeeded since. */
  failure: TokenFailure | undefined;
  /** What came of the last attempt, while the acquisition goes on: a warm-up never gives up. */
  trouble: TokenFailure | undefined;
  /** Milliseconds since the Unix epoch. */
  lastUsed: number;
  /** Monotonic milliseconds. */
  lastRefresh: number;
}

/** Keys remembered at most; the least recently used one without an acquisition, and not for warm-up, makes room. */
const MAX_KEYS = 500;
/** Spellings of a key remembered at most: `https://vault.azure.net` and `https://vault.azure.net/.default` are one key. */
const MAX_ALIASES = 2_000;

export class TokenCache {
  readonly #byId = new Map<string, KeyEntry>();
  readonly #byAlias = new Map<string, KeyEntry>();
  readonly #pinned = new Set<KeyEntry>();

  /** The hot path: one lookup. */
  find(alias: string): KeyEntry | undefined {
    return this.#byAlias.get(alias);
  }

  /** The entry of `id`, made where it is not there yet, and found by `alias` from now on. */
  entry(alias: string, id: string, name: string, scopes: readonly string[], now: number): KeyEntry {
    let entry = this.#byId.get(id);
    if (entry === undefined) {
      this.#makeRoom();
      entry = {
        id,
        name,
        scopes: Object.freeze([...scopes]),
        token: undefined,
        acquisition: undefined,
        abandoned: new AbandonedAttempts(),
        pace: new Pace(),
        failure: undefined,
        trouble: undefined,
        lastUsed: now,
        lastRefresh: -Infinity,
      };
      this.#byId.set(id, entry);
    }
    if (this.#byAlias.size >= MAX_ALIASES) this.#byAlias.clear();
    this.#byAlias.set(alias, entry);
    return entry;
  }

  /** Never makes room for another key. */
  pin(entry: KeyEntry): void {
    this.#pinned.add(entry);
  }

  /**
   * The entry that stands for the key of `entry` now. Where it had to make room while its caller waited for something
   * else, it is put back: what is not in the cache would be a second acquisition of its key, and missed by `close()`.
   */
  current(entry: KeyEntry): KeyEntry {
    const found = this.#byId.get(entry.id);
    if (found !== undefined) return found;
    this.#makeRoom();
    this.#byId.set(entry.id, entry);
    return entry;
  }

  entries(): IterableIterator<KeyEntry> {
    return this.#byId.values();
  }

  clear(): void {
    this.#byId.clear();
    this.#byAlias.clear();
    this.#pinned.clear();
  }

  /** Also makes up for the time when more keys than that had acquisitions at once. */
  #makeRoom(): void {
    while (this.#byId.size >= MAX_KEYS) {
      let oldest: KeyEntry | undefined;
      for (const entry of this.#byId.values()) {
        if (entry.acquisition !== undefined || this.#pinned.has(entry)) continue;
        if (oldest === undefined || entry.lastUsed < oldest.lastUsed) oldest = entry;
      }
      if (oldest === undefined) return;
      this.#byId.delete(oldest.id);
      for (const [alias, entry] of this.#byAlias) if (entry === oldest) this.#byAlias.delete(alias);
    }
  }
}
