import { once } from "node:events";
import type { IncomingMessage, ServerResponse } from "node:http";
import { Agent, createServer, request as send, type Server } from "node:https";
import type { AddressInfo } from "node:net";
import { decodeJwt } from "jose";
import type { ServerCertificate } from "../../../../src/testing/certificate-authority.js";
import { ACCOUNT, type Azurite } from "./azurite.js";

export interface StorageFrontOptions {
  readonly certificate: ServerCertificate;
  readonly azurite: Azurite;
  /** `oid` of the one identity that has a role on the account. */
  readonly admits: string;
  /** `oid` of one that has none and is looked for; others are refused as well. */
  readonly refuses: string;
}

/** Requests so far, by whom their tokens name. */
export interface Tally {
  readonly right: number;
  readonly wrong: number;
  /** Those without a token included. */
  readonly all: number;
}

/** As Azure Storage refuses who is somebody and has no role. */
const REFUSAL = {
  code: "AuthorizationPermissionMismatch",
  message: "This request is not authorized to perform this operation using this permission.",
} as const;

/**
 * What Azurite leaves out: a blob service that looks at whom a token names, and admits one identity. It hands on to
 * Azurite what that identity asks for, and keeps count of whose tokens it saw.
 */
export class StorageFront implements AsyncDisposable {
  readonly #server: Server;
  readonly #agent: Agent;
  readonly #options: StorageFrontOptions;
  readonly #tally: Record<keyof Tally, number> = { right: 0, wrong: 0, all: 0 };

  private constructor(options: StorageFrontOptions) {
    this.#options = options;
    this.#agent = new Agent({ keepAlive: true, ca: options.azurite.caCertificate });
    this.#server = createServer({ ...options.certificate }, (request, response) =>
      this.#answer(request, response),
    );
  }

  static async start(options: StorageFrontOptions): Promise<StorageFront> {
    const front = new StorageFront(options);
    front.#server.listen(0, "127.0.0.1");
    await once(front.#server, "listening");
    return front;
  }

  /** What an application takes for its storage account. */
  get url(): string {
    return `https://127.0.0.1:${(this.#server.address() as AddressInfo).port}/${ACCOUNT}`;
  }

  /** A copy: it does not change. */
  get tally(): Tally {
    return { ...this.#tally };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
    this.#agent.destroy();
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    const oid = principalOf(request);
    const { admits, refuses } = this.#options;
    this.#tally.all += 1;
    if (oid === admits) this.#tally.right += 1;
    if (oid === refuses) this.#tally.wrong += 1;
    if (oid === admits) this.#handOn(request, response);
    else refuse(request, response);
  }

  #handOn(request: IncomingMessage, response: ServerResponse): void {
    const { method, url = "", headers } = request;
    const target = new URL(url, this.#options.azurite.url);
    const upstream = send(target, { method, headers, agent: this.#agent }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
    });
    upstream.once("error", () => response.destroy());
    request.pipe(upstream);
  }
}

/** `oid` of the bearer token; an empty string where there is none. */
function principalOf({ headers }: IncomingMessage): string {
  try {
    const { oid } = decodeJwt(headers.authorization?.replace(/^Bearer /u, "") ?? "");
    return typeof oid === "string" ? oid : "";
  } catch {
    return "";
  }
}

function refuse(request: IncomingMessage, response: ServerResponse): void {
  request.resume();
  const body = `<?xml version="1.0" encoding="utf-8"?><Error><Code>${REFUSAL.code}</Code><Message>${REFUSAL.message}</Message></Error>`;
  response.writeHead(403, { "Content-Type": "application/xml", "x-ms-error-code": REFUSAL.code }).end(body);
}
