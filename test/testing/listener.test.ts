import { readFile } from "node:fs/promises";
import { createServer } from "node:net";
import { setImmediate as turn } from "node:timers/promises";
import { expect, onTestFinished, test } from "vitest";
import { listen } from "../../src/testing/listen.js";
import { Listener } from "../../src/testing/listener.js";
import { failure, http } from "./harness.js";

async function start(): Promise<Listener> {
  const listener = await Listener.start("127.0.0.1", 0, (socket) => socket.end("HTTP/1.1 204 OK\r\n\r\n"));
  onTestFinished(async () => await listener.close());
  return listener;
}

test("refuses as soon as it is closed, and answers at the same address once it is open", async () => {
  const listener = await start();
  const { url } = listener;
  void listener.setOpen(false);
  expect(await failure(http(url))).toBe("ECONNREFUSED");
  await listener.setOpen(true);
  expect((await http(url)).status).toBe(204);
});

test.runIf(process.platform === "linux")("holds its port while it is closed", async () => {
  const listener = await start();
  await listener.setOpen(false);
  const local = `0100007F:${listener.port.toString(16).toUpperCase().padStart(4, "0")} `;
  const taken = async (): Promise<boolean> =>
    (await readFile("/proc/net/tcp", "utf8")).split("\n").some((line) => line.includes(`: ${local}`));
  expect(await taken()).toBe(true);
  await listener.close();
  await expect.poll(taken).toBe(false);
});

test("waits for a port that somebody else took in the meantime", async () => {
  const listener = await start();
  await listener.setOpen(false);
  const other = createServer();
  await listen(other, "127.0.0.1", listener.port);
  const opened = listener.setOpen(true);
  // The first try fails before this turn of the event loop ends.
  await turn();
  other.close();
  await opened;
  expect((await http(listener.url)).status).toBe(204);
});

test("stays closed where it was closed while it was opening", async () => {
  const listener = await start();
  await listener.setOpen(false);
  const opened = listener.setOpen(true);
  // Microtasks alone: the listening has begun, and cannot have been reported yet.
  for (let i = 0; i < 5; i += 1) await Promise.resolve();
  await Promise.all([opened, listener.setOpen(false)]);
  expect(await failure(http(listener.url))).toBe("ECONNREFUSED");
});
