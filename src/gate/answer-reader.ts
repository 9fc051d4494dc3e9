import type { HttpProbe } from "./http-probe.js";

type Answer = Awaited<ReturnType<HttpProbe>>;
type Fields = ReadonlyMap<string, string>;

/** As much as {@link HttpProbe} gives; what comes after it is not looked at. */
const MAX_BODY_BYTES = 1024;

/** Status line and fields, as for `node:http`; and what a body of {@link MAX_BODY_BYTES} may take on its way. */
const MAX_BYTES = 16 * 1024;

const END_OF_HEAD = "\r\n\r\n";
const BEGINNING = "HTTP/1.";
const STATUS_LINE = /^HTTP\/1\.([01]) ([1-9]\d\d)(?: [^\r\n]*)?$/u;

interface Head {
  readonly status: number;
  readonly fields: Fields;
  readonly length: number;
}

/**
 * Reads one answer in HTTP/1.x (RFC 9112) from the bytes of a connection that ends with it: a body of a told length, in
 * chunks, or to the end. Refuses what `node:http` refuses, with its codes as far as one kind of fault has one code.
 */
export class AnswerReader {
  #bytes: Buffer = Buffer.alloc(0);

  /** The answer, as soon as there is enough of it. */
  add(chunk: Buffer): Answer | undefined {
    this.#bytes = Buffer.concat([this.#bytes, chunk]);
    const answer = this.#read(false);
    if (answer === undefined) checkLength(this.#bytes.length);
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
    const body = bodyOf(this.#bytes.subarray(length), head, ended);
    return body && answerOf(status, fields, body);
  }

  #head(): Head | undefined {
    for (;;) {
      const start = this.#bytes.toString("latin1", 0, BEGINNING.length);
      if (!BEGINNING.startsWith(start)) throw coded("This is no HTTP.", "HPE_INVALID_CONSTANT");
      const end = this.#bytes.indexOf(END_OF_HEAD);
      if (end < 0) return undefined;
      checkLength(end);
      const [first = "", ...lines] = this.#bytes.toString("latin1", 0, end).split("\r\n");
      const [, minor, digits] = STATUS_LINE.exec(first) ?? [];
      if (digits === undefined) throw coded("This is no status line.", "HPE_INVALID_STATUS");
      const status = Number(digits);
      const fields = fieldsOf(lines);
      const length = end + END_OF_HEAD.length;
      if (status >= 200) return { status, fields, length };
      if (status === 101) throw coded("Nobody asked for another protocol.", "ECONNRESET");
      // The answer is still to come, unless this one says that it is the last.
      if (minor === "0" || /\bclose\b/iu.test(fields.get("connection") ?? ""))
        throw coded("An answer is announced and ruled out.", "HPE_CLOSED_CONNECTION");
      this.#bytes = this.#bytes.subarray(length);
    }
  }
}

function checkLength(bytes: number): void {
  if (bytes > MAX_BYTES) throw coded("The answer is too long.", "HPE_HEADER_OVERFLOW");
}

function answerOf(status: number, fields: Fields, body: Buffer): Answer {
  const date = fields.get("date");
  const text = body.toString("utf8");
  return { status, server: fields.get("server"), body: text, ...(date === undefined ? {} : { date }) };
}

/** A token (RFC 9110, 5.6.2), a colon, and a value without control characters. */
const FIELD = /^([\w!#$%&'*+.^`|~-]+):([\t -~\x80-\xff]*)$/u;

/** From the first to the last character that is no blank. */
const TRIMMED = /[^ \t](?:.*[^ \t])?/u;

/** The fields that say where the body ends, with the values that are understood. Each may come once, and alone. */
const FRAMING: readonly [name: string, value: RegExp, code: string][] = [
  ["content-length", /^\d{1,19}$/u, "HPE_INVALID_CONTENT_LENGTH"],
  // Nobody asked for another coding.
  ["transfer-encoding", /^chunked$/iu, "HPE_INVALID_TRANSFER_ENCODING"],
];

/** The first of several with one name counts, as in `node:http`. */
function fieldsOf(lines: readonly string[]): Fields {
  const fields = new Map<string, string>();
  let framed = false;
  for (const line of lines) {
    const [, name = "", rest = ""] = FIELD.exec(line) ?? [];
    if (name === "") throw coded("This is no field.", "HPE_INVALID_HEADER_TOKEN");
    const key = name.toLowerCase();
    const value = TRIMMED.exec(rest)?.[0] ?? "";
    const [, understood, code = ""] = FRAMING.find(([each]) => each === key) ?? [];
    if (understood !== undefined && (framed || !understood.test(value)))
      throw coded("It cannot be told where the answer ends.", code);
    framed ||= understood !== undefined;
    if (!fields.has(key)) fields.set(key, value);
  }
  return fields;
}

/** `undefined` while it is not whole. */
function bodyOf(bytes: Buffer, { status, fields }: Head, ended: boolean): Buffer | undefined {
  if (status === 204 || status === 304) return firstOf(bytes, 0);
  if (fields.has("transfer-encoding")) return chunksOf(bytes);
  const told = fields.get("content-length");
  if (told !== undefined) return firstOf(bytes, Number(told));
  return ended || bytes.length >= MAX_BODY_BYTES ? bytes.subarray(0, MAX_BODY_BYTES) : undefined;
}

/** As much as is used of a body of this length. What comes after a body in the same breath is a second answer. */
function firstOf(bytes: Buffer, length: number): Buffer | undefined {
  if (length > MAX_BODY_BYTES) length = MAX_BODY_BYTES;
  else checkRest(bytes.subarray(length));
  return bytes.length >= length ? bytes.subarray(0, length) : undefined;
}

/** Line ends after an answer are allowed for, as `node:http` does. */
function checkRest(rest: Buffer): void {
  if (/[^\r\n]/u.test(rest.toString("latin1")))
    throw coded("There is more than an answer.", "HPE_CLOSED_CONNECTION");
}

/** The size in hexadecimal digits, and extensions that mean nothing here. */
const CHUNK_SIZE = /^([\da-f]{1,16})(?:;[\w!#$%&'*+.^`|~-]+(?:=[\w!#$%&'*+.^`|~-]+)?)*$/iu;

function chunksOf(bytes: Buffer): Buffer | undefined {
  const parts: Buffer[] = [];
  let size = 0;
  for (let at = 0; size < MAX_BODY_BYTES;) {
    const end = bytes.indexOf("\r\n", at);
    if (end < 0) return undefined;
    checkLength(end);
    const digits = CHUNK_SIZE.exec(bytes.toString("latin1", at, end))?.[1];
    if (digits === undefined) throw coded("This is no chunk.", "HPE_INVALID_CHUNK_SIZE");
    const length = parseInt(digits, 16);
    if (length === 0) return trailersEnd(bytes, end) ? Buffer.concat(parts) : undefined;
    const part = bytes.subarray(end + 2, end + 2 + length);
    parts.push(part);
    size += part.length;
    at = end + 2 + length + 2;
    const between = bytes.toString("latin1", at - 2, at);
    if (size < MAX_BODY_BYTES && !"\r\n".startsWith(between))
      throw coded("A chunk is longer than it says.", "HPE_STRICT");
  }
  return Buffer.concat(parts).subarray(0, MAX_BODY_BYTES);
}

/** Whether the fields after the last chunk, whose line ends at `start`, are there. */
function trailersEnd(bytes: Buffer, start: number): boolean {
  const end = bytes.indexOf(END_OF_HEAD, start);
  if (end < 0) return false;
  checkLength(end);
  const lines = bytes.toString("latin1", start, end).split("\r\n").slice(1);
  const trailers = fieldsOf(lines);
  if (FRAMING.some(([name]) => trailers.has(name)))
    throw coded("It cannot be told where the answer ends.", "HPE_INVALID_CONTENT_LENGTH");
  checkRest(bytes.subarray(end + END_OF_HEAD.length));
  return true;
}

/** As Node's errors are. */
export function coded(message: string, code: string): Error {
  return Object.assign(new Error(message), { code });
}
