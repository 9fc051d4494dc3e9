import { Socket } from "node:net";
import { vi } from "vitest";

const LOOPBACK = /^(?:127(?:\.\d{1,3}){3}|localhost|::1)$/u;

/**
 * Until mocks are restored, connections of this process reach loopback alone. Others fail as with a resolver that knows
 * no name, whose error repeats the name.
 */
export function loopbackOnly(): void {
  const connect = Reflect.get(Socket.prototype, "connect") as (this: Socket, ...given: unknown[]) => Socket;
  vi.spyOn(Socket.prototype, "connect").mockImplementation(function (this: Socket, ...given: unknown[]) {
    // `net.connect` passes on a list that it has read already.
    const [first] = Array.isArray(given[0]) ? (given[0] as unknown[]) : given;
    const { host = "localhost" } = typeof first === "object" ? (first as { readonly host?: string }) : {};
    if (LOOPBACK.test(host)) return connect.apply(this, given);
    const error = Object.assign(new Error(`getaddrinfo ENOTFOUND ${host}`), { code: "ENOTFOUND" });
    process.nextTick(() => this.destroy(error));
    return this;
  });
}
