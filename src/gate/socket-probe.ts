import { connect, type Socket } from "node:net";
import type { HttpProbe } from "./http-probe.js";
import { AnswerReader, coded } from "./answer-reader.js";

/**
 * The {@link HttpProbe} of processes that live for two requests: to load `node:http` takes them longer than to ask. A
 * fresh connection for each request, no proxy, no redirects; the socket does not keep the process alive.
 */
export const socketProbe: HttpProbe = async (url, { signal }) => {
  signal.throwIfAborted();
  const target = new URL(url);
  if (target.protocol !== "http:") {
    const { httpProbe } = await import("./http-probe.js");
    return await httpProbe(url, { signal });
  }
  const socket = open(target);
  let abort = (): void => undefined;
  try {
    return await new Promise((resolve, reject) => {
      abort = () => reject(signal.reason);
      signal.addEventListener("abort", abort);
      const reader = new AnswerReader();
      const read = (step: () => ReturnType<AnswerReader["add"]>): void => {
        try {
          const answer = step();
          if (answer !== undefined) resolve(answer);
        } catch (error) {
          reject(error);
        }
      };
      socket.on("error", reject);
      socket.on("data", (chunk) => read(() => reader.add(chunk)));
      socket.on("end", () => read(() => reader.end()));
      socket.on("close", () => reject(coded("The connection was closed without an answer.", "ECONNRESET")));
      const path = `${target.pathname}${target.search}`;
      socket.write(`GET ${path} HTTP/1.1\r\nHost: ${target.host}\r\nConnection: close\r\n\r\n`);
    });
  } finally {
    signal.removeEventListener("abort", abort);
    socket.destroy();
  }
};

function open({ hostname, port }: URL): Socket {
  const host = hostname.replace(/^\[|\]$/gu, "");
  const socket = connect({ host, port: port === "" ? 80 : Number(port) });
  socket.unref();
  // A host name with several addresses gets a new handle for each one tried.
  socket.on("connectionAttempt", () => socket.unref());
  return socket;
}
