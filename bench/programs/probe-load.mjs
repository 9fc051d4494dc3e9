// Asks a server on loopback the same thing again and again, over connections that stay open. Each message
// { port, path, connections, ms } is one bounded run, answered with { count, failed, ms }. Plain sockets: the client of
// node:http costs more than the servers that are measured. Ends when its parent lets go of it.
import { once } from "node:events";
import { connect } from "node:net";

const END_OF_HEAD = Buffer.from("\r\n\r\n");

/** Asks on one connection until `until`, one request at a time; resolves when it is closed. */
function ask(socket, request, until, result) {
  return new Promise((resolve) => {
    let pending = Buffer.alloc(0);
    socket.on("data", (chunk) => {
      pending = pending.length === 0 ? chunk : Buffer.concat([pending, chunk]);
      const head = pending.indexOf(END_OF_HEAD);
      if (head === -1) return;
      const text = pending.latin1Slice(0, head);
      const length = Number(/\r\ncontent-length: *(\d+)/i.exec(text)?.[1] ?? NaN);
      if (pending.length < head + END_OF_HEAD.length + length) return;
      pending = Buffer.alloc(0);
      result.count++;
      if (!text.startsWith("HTTP/1.1 200 ") || Number.isNaN(length)) result.failed++;
      if (performance.now() < until) socket.write(request);
      else socket.end();
    });
    socket.on("error", () => result.failed++);
    socket.on("close", resolve);
    socket.write(request);
  });
}

async function run({ port, path, connections, ms }) {
  const request = Buffer.from(
    `GET ${path} HTTP/1.1\r\nhost: 127.0.0.1\r\nuser-agent: kube-probe/1.33\r\n\r\n`,
  );
  const sockets = Array.from({ length: connections }, () => connect(port, "127.0.0.1").setNoDelay(true));
  await Promise.all(sockets.map((socket) => once(socket, "connect")));
  let running = true;
  // Never asleep: to wake a halted processor costs a server more than the answer, and only the slower one has to.
  const spin = () => running && setImmediate(spin);
  spin();
  const result = { count: 0, failed: 0 };
  const started = performance.now();
  await Promise.all(sockets.map((socket) => ask(socket, request, started + ms, result)));
  running = false;
  return { ...result, ms: performance.now() - started };
}

process.on("message", async (order) => process.send(await run(order)));
process.on("disconnect", () => process.exit(0));
