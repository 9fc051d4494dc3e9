// Loaded before everything else into each process of a cell (`--require`): its clocks are the cell's, and its timers
// come due when the cell's clock gets there. See cell-clock.ts for who moves that clock, and when.
//
// Left as they are: timers inside Node.js itself (idle timeouts of sockets, checks of HTTP servers), `process.cpuUsage`,
// Atomics.wait, and everything in programs that are not Node.js.
"use strict";

const { openSync, readSync } = require("node:fs");
const { createConnection } = require("node:net");
const { promisify } = require("node:util");
const nodeTimers = require("node:timers");
const timersPromises = require("node:timers/promises");
const { syncBuiltinESMExports } = require("node:module");
const { AsyncResource } = require("node:async_hooks");

const { CELL_CLOCK_FILE: file, CELL_CLOCK_SOCKET: socketPath } = process.env;
if (file !== undefined && socketPath !== undefined) install(file, socketPath);

function install(file, socketPath) {
  const descriptor = openSync(file, "r");
  const buffer = Buffer.alloc(8);
  /** Milliseconds since the Unix epoch. Read each time: the clock may have moved while this process slept. */
  const now = () => {
    readSync(descriptor, buffer, 0, 8, 0);
    return buffer.readDoubleLE(0);
  };
  const startedAt = now();

  // --- timers ---

  const real = { setImmediate, setTimeout, clearTimeout };
  const timers = new Set();
  let sequence = 0;
  let told;
  let telling = false;
  let running = false;

  const socket = createConnection(socketPath);
  socket.on("data", () => runDue());
  // Without the clock there is no time.
  socket.on("error", () => process.exit(70));
  socket.on("close", () => process.exit(70));
  socket.unref();

  const first = () => {
    let found;
    for (const timer of timers) {
      if (
        found === undefined ||
        timer.due < found.due ||
        (timer.due === found.due && timer.order < found.order)
      ) {
        found = timer;
      }
    }
    return found;
  };

  /** Tells the cell's clock when this process wants to be woken; once for all changes of one turn. */
  function tell() {
    if (telling || running) return;
    telling = true;
    process.nextTick(() => {
      telling = false;
      if (running) return;
      const due = first()?.due;
      let held = false;
      for (const timer of timers) held ||= timer.held;
      if (held) socket.ref();
      else socket.unref();
      if (due === told) return;
      told = due;
      socket.write(`${due ?? "-"}\n`);
    });
  }

  /** One timer a turn, as Node.js has it: what one has settled goes on before the next. */
  function runDue() {
    if (running) return;
    running = true;
    const next = () => {
      const timer = first();
      if (timer === undefined || timer.due > now()) {
        running = false;
        // The clock has forgotten what it was told when it woke this process.
        told = NaN;
        tell();
        return;
      }
      real.setImmediate(next);
      timer.fire();
    };
    next();
  }

  class Timer {
    constructor(callback, ms, args, repeats) {
      if (typeof callback !== "function") throw new TypeError("The callback of a timer is a function");
      // Node.js's own bounds: what is too long fires at once.
      this.ms = ms >= 1 && ms <= 2_147_483_647 ? Number(ms) : 1;
      this.soon = !(ms > 0);
      this.callback = callback;
      this.args = args;
      this.repeats = repeats;
      this.held = true;
      this.id = ++sequence;
      this.context = new AsyncResource("Timeout");
      this.refresh();
    }
    fire() {
      if (this.repeats) this.refresh();
      else timers.delete(this);
      this.context.runInAsyncScope(this.callback, this, ...this.args);
    }
    ref() {
      this.held = true;
      tell();
      return this;
    }
    unref() {
      this.held = false;
      tell();
      return this;
    }
    hasRef() {
      return this.held;
    }
    refresh() {
      this.due = now() + (this.soon && !this.repeats ? 0 : this.ms);
      this.order = ++sequence;
      timers.add(this);
      // Without a delay the clock need not move.
      if (this.due <= now()) real.setImmediate(runDue);
      tell();
      return this;
    }
    close() {
      timers.delete(this);
      tell();
      return this;
    }
    [Symbol.toPrimitive]() {
      return this.id;
    }
    [Symbol.dispose ?? Symbol.for("nodejs.dispose")]() {
      this.close();
    }
  }

  const clear = (given) => {
    if (given instanceof Timer) given.close();
    else if (typeof given === "number" || typeof given === "string") {
      for (const timer of timers) if (timer.id === Number(given)) timer.close();
    } else if (given !== undefined && given !== null) real.clearTimeout(given);
  };
  const setTimeoutHere = (callback, ms, ...args) => new Timer(callback, ms, args, false);
  const setIntervalHere = (callback, ms, ...args) => new Timer(callback, ms, args, true);

  const abortError = (signal) => {
    const error = new Error("The operation was aborted", { cause: signal.reason });
    return Object.assign(error, { name: "AbortError", code: "ABORT_ERR" });
  };
  const sleep = (ms, value, { signal, ref = true } = {}) =>
    new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(abortError(signal));
      const abort = () => {
        timer.close();
        reject(abortError(signal));
      };
      const timer = new Timer(
        () => {
          signal?.removeEventListener("abort", abort);
          resolve(value);
        },
        ms,
        [],
        false,
      );
      if (!ref) timer.unref();
      signal?.addEventListener("abort", abort, { once: true });
    });
  async function* every(ms, value, options) {
    for (;;) yield await sleep(ms, value, options);
  }
  Object.defineProperty(setTimeoutHere, promisify.custom, { value: sleep });

  const replaced = {
    setTimeout: setTimeoutHere,
    setInterval: setIntervalHere,
    clearTimeout: clear,
    clearInterval: clear,
  };
  Object.assign(globalThis, replaced);
  Object.assign(nodeTimers, replaced);
  Object.assign(timersPromises, { setTimeout: sleep, setInterval: every });
  timersPromises.scheduler.wait = (ms, options) => sleep(ms, undefined, options);
  AbortSignal.timeout = (ms) => {
    const controller = new AbortController();
    const reason = new DOMException("The operation was aborted due to timeout", "TimeoutError");
    setTimeoutHere(() => controller.abort(reason), ms).unref();
    return controller.signal;
  };

  // --- servers of pods that share the machine's network (cell-network.ts) ---

  const { CELL_POD_ADDRESS: address } = process.env;
  const { Server } = require("node:net");
  const { listen } = Server.prototype;
  if (address !== undefined) {
    Server.prototype.listen = function (...args) {
      const [given, host] = args;
      const everywhere = (name) => name === undefined || name === "0.0.0.0" || name === "::";
      if (typeof given === "number" || typeof given === "string") {
        if (typeof host === "string" && everywhere(host)) args[1] = address;
        else if (typeof host !== "string") args.splice(1, 0, address);
      } else if (
        given !== null &&
        typeof given === "object" &&
        given.port !== undefined &&
        everywhere(given.host)
      ) {
        args[0] = { ...given, host: address };
      }
      return listen.apply(this, args);
    };
  }

  // --- clocks ---

  const RealDate = Date;
  globalThis.Date = new Proxy(RealDate, {
    construct: (target, args, newTarget) =>
      Reflect.construct(
        target,
        args.length === 0 ? [now()] : args,
        newTarget === globalThis.Date ? target : newTarget,
      ),
    apply: () => new RealDate(now()).toString(),
    get: (target, key) => (key === "now" ? dateNow : Reflect.get(target, key)),
  });
  const dateNow = () => Math.floor(now());
  performance.now = () => now() - startedAt;
  process.uptime = () => (now() - startedAt) / 1000;
  const sinceStart = () => BigInt(Math.round((now() - startedAt) * 1e6));
  process.hrtime = Object.assign(
    (since = [0, 0]) => {
      const nanoseconds = sinceStart() - (BigInt(since[0]) * 1_000_000_000n + BigInt(since[1]));
      return [Number(nanoseconds / 1_000_000_000n), Number(nanoseconds % 1_000_000_000n)];
    },
    { bigint: sinceStart },
  );
  syncBuiltinESMExports();
}
