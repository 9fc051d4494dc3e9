import type { HttpProbe } from "./http-probe.js";

type Answer = Awaited<ReturnType<HttpProbe>>;

/** As much as {@link HttpProbe} gives. */
const MAX_BODY_BYTES = 1024;

/** Status line and fields, as for `node:http`; and what a body of {@link MAX_BODY_BYTES} may take on its way. */
const MAX_BYTES = 16 * 1024;

const END_OF_HEAD = "\r\n\r\n";
const BEGINNING = "HTTP/1.";

interface Head {
  readonly status: number;
  readonly fields: ReadonlyMap<string, string>;
  readonly length: number;
}

/**
 * Reads one answer in HTTP/1.x (RFC 9112) from the bytes of a connection that ends with it: a body of a told length, in
 * chunks, or to the end. Throws errors with the codes of `node:http`.
 */
export class AnswerReader {
  #bytes: Buffer = Buffer.alloc(0);

  /** The answer, as soon as there is enough of it. */
  add(chunk: Buffer): Answer | undefined {
    this.#bytes = Buffer.concat([this.#bytes, chunk]);
    const answer = this.#read(false);
    if (answer === undefined && this.#bytes.length > MAX_BYTES) {
      throw coded("The answer is too long.", "HPE_HEADER_OVERFLOW");
    }
    return answer;
  }

  /** The connection has ended. */
  end(): Answer {
    const answer = this.#read(true);
    if (answer === undefined) throw coded("The answer breaks off.", "ECONNRESET");
    return answer;
  }

  #read(ended: boolean): Answer | undefined {
    const head = this.#head();
    if (head === undefined) return undefined;
    const { status, fields, length } = head;
    const body = bodyOf(this.#bytes.subarray(length), head, ended)?.subarray(0, MAX_BODY_BYTES);
    return body && answerOf(status, fields, body);
  }

  #head(): Head | undefined {
    const start = this.#bytes.toString("latin1", 0, BEGINNING.length);
    if (!BEGINNING.startsWith(start)) throw coded("This is no HTTP.", "HPE_INVALID_CONSTANT");
    const end = this.#bytes.indexOf(END_OF_HEAD);
    if (end < 0) return undefined;
    const [first = "", ...lines] = this.#bytes.toString("latin1", 0, end).split("\r\n");
    const status = Number(/^HTTP\/1\.[01] (\d{3})(?: |$)/u.exec(first)?.[1]);
    if (!(status >= 100)) throw coded("This is no status line.", "HPE_INVALID_STATUS");
    const length = end + END_OF_HEAD.length;
    if (status >= 200) return { status, fields: fieldsOf(lines), length };
    if (status === 101) throw new Error("Nobody asked for another protocol.");
    // The answer is still to come.
    this.#bytes = this.#bytes.subarray(length);
    return this.#head();
  }
}

function answerOf(status: number, fields: ReadonlyMap<string, string>, body: Buffer): Answer {
  const date = fields.get("date");
  const text = body.toString("utf8");
  return { status, server: fields.get("server"), body: text, ...(date === undefined ? {} : { date }) };
}

/** RFC 9110, 5.6.2: what a name consists of. */
const NAME = /^[\w!#$%&'*+.^`|~-]+$/u;

/** Those that end a line for some and not for others, and NUL: `node:http` refuses them, too. */
const ENDS_OF_SOME: readonly string[] = ["\0", "\n", "\r"];

/** The first of several with one name counts, as in `node:http`. */
function fieldsOf(lines: readonly string[]): ReadonlyMap<string, string> {
  const fields = new Map<string, string>();
  for (const line of lines) {
    const colon = line.indexOf(":");
    if (!NAME.test(line.slice(0, Math.max(0, colon))) || ENDS_OF_SOME.some((each) => line.includes(each)))
      throw coded("This is no field.", "HPE_INVALID_HEADER_TOKEN");
    const name = line.slice(0, colon).toLowerCase();
    if (!fields.has(name)) fields.set(name, line.slice(colon + 1).trim());
  }
  return fields;
}

/** `undefined` while it is not whole. */
function bodyOf(bytes: Buffer, { status, fields }: Head, ended: boolean): Buffer | undefined {
  if (status === 204 || status === 304) return bytes.subarray(0, 0);
  if (/\bchunked$/iu.test(fields.get("transfer-encoding") ?? "")) return chunksOf(bytes);
  const told = fields.get("content-length");
  if (told === undefined) return ended || bytes.length >= MAX_BODY_BYTES ? bytes : undefined;
  if (!/^\d{1,15}$/u.test(told)) throw coded("This is no length.", "HPE_INVALID_CONTENT_LENGTH");
  const wanted = Math.min(Number(told), MAX_BODY_BYTES);
  return bytes.length >= wanted ? bytes.subarray(0, wanted) : undefined;
}

function chunksOf(bytes: Buffer): Buffer | undefined {
  const parts: Buffer[] = [];
  let size = 0;
  for (let at = 0; size < MAX_BODY_BYTES;) {
    const end = bytes.indexOf("\r\n", at);
    if (end < 0) return undefined;
    const digits = /^[\da-f]{1,8}(?=$|[;\s])/iu.exec(bytes.toString("latin1", at, end))?.[0];
    if (digits === undefined) throw coded("This is no chunk.", "HPE_INVALID_CHUNK_SIZE");
    const length = parseInt(digits, 16);
    if (length === 0) break;
    const part = bytes.subarray(end + 2, end + 2 + length);
    parts.push(part);
    size += part.length;
    at = end + 2 + length + 2;
  }
  return Buffer.concat(parts);
}

function coded(message: string, code: string): Error {
  return Object.assign(new Error(message), { code });
}
