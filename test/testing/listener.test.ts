import { createSocket } from "node:dgram";
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

test("has a port that the system gives to nobody, and no other listener while it is closed", async () => {
  const listener = await start();
  await listener.setOpen(false);
  expect(listener.port).toBeLessThan(32_768);
  // Another one would be tried at random: this one is refused by what keeps them apart.
  const rival = createSocket("udp4");
  const refused = await new Promise((resolve) => {
    rival.once("error", (error) => resolve("code" in error ? error.code : error));
    rival.bind({ port: listener.port, address: "127.0.0.1", exclusive: true }, () => resolve("bound"));
  });
  expect(refused).toBe("EADDRINUSE");
  rival.close();
  await listener.close();
  const next = createSocket("udp4");
  await new Promise<void>((resolve) => next.bind({ port: listener.port, address: "127.0.0.1" }, resolve));
  next.close();
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
