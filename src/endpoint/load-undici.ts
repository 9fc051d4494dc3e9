import type { buildConnector, Client, Dispatcher } from "undici";

/** The part of undici that sends one request on one connection. */
export interface Undici {
  readonly Client: typeof Client;
  readonly buildConnector: typeof buildConnector;
  request(client: Client, options: Dispatcher.RequestOptions): Promise<Dispatcher.ResponseData>;
}

/** Where undici comes from: the part alone, or all of it. */
export interface UndiciLoaders {
  readonly part: () => Promise<Undici>;
  readonly whole: () => Promise<Undici>;
}

/**
 * Loads undici's client at first need, alone where it can be had alone: all of undici, with `fetch`, web sockets and
 * caches, takes some 85 ms of processor time to load, the client some 35 ms, and every pod pays that before its first
 * token. Those files are not part of undici's interface; where they are not as expected, the interface serves.
 */
export async function loadUndici(loaders: UndiciLoaders = LOADERS): Promise<Undici> {
  try {
    return await loaders.part();
  } catch {
    return await loaders.whole();
  }
}

/** The loaders of production. */
export const LOADERS: UndiciLoaders = {
  part: async () => {
    const [{ default: client }, { default: connector }, { default: request }] = await Promise.all([
      import("undici/lib/dispatcher/client.js"),
      import("undici/lib/core/connect.js"),
      import("undici/lib/api/api-request.js"),
    ]);
    if (![client, connector, request].every((part) => typeof part === "function")) {
      throw new TypeError("These are not the parts of undici.");
    }
    return {
      Client: client,
      buildConnector: connector,
      request: async (sender, options) => await request.call(sender, options),
    };
  },
  whole: async () => {
    const undici = await import("undici");
    return {
      Client: undici.Client,
      buildConnector: undici.buildConnector,
      request: async (sender, options) => await sender.request(options),
    };
  },
};
