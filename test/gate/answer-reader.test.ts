import fc from "fast-check";
import { expect, test } from "vitest";
import { AnswerReader } from "../../src/gate/answer-reader.js";

type Answer = ReturnType<AnswerReader["end"]>;

/** Feeds the pieces one by one, and then the end; tells when the answer was there. */
function read(...pieces: readonly string[]): { readonly answer: Answer; readonly after: number } {
  const reader = new AnswerReader();
  for (const [index, piece] of pieces.entries()) {
    const answer = reader.add(Buffer.from(piece, "latin1"));
    if (answer !== undefined) return { answer, after: index + 1 };
  }
  return { answer: reader.end(), after: Infinity };
}

const ANSWERS: readonly [name: string, text: string, answer: Partial<Answer>, atEnd: boolean][] = [
  ["a length", "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nActive", { status: 200, body: "Active" }, false],
  ["no body", "HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n", { status: 400, body: "" }, false],
  ["the end", "HTTP/1.0 200 OK\r\n\r\nNot Active", { status: 200, body: "Not Active" }, true],
  [
    "chunks",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3;x=y\r\nAct\r\n3\r\nive\r\n0\r\n\r\n",
    { body: "Active" },
    false,
  ],
  ["a status that has no body", "HTTP/1.1 204 No Content\r\n\r\n", { status: 204, body: "" }, false],
  [
    "no words for the status",
    "HTTP/1.1 503\r\nContent-Length: 1\r\n\r\nx",
    { status: 503, body: "x" },
    false,
  ],
  [
    "an answer that comes first",
    "HTTP/1.1 103 Early\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx",
    { status: 200, body: "x" },
    false,
  ],
  [
    "a server, in any case and with blanks",
    "HTTP/1.1 400 x\r\nSERVER:  IMDS/1 \r\nserver: other\r\nContent-Length: 0\r\n\r\n",
    { server: "IMDS/1" },
    false,
  ],
  [
    "line ends after it",
    "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nActive\r\n",
    { status: 200, body: "Active" },
    false,
  ],
];

test.each(ANSWERS)("an answer with %s is read", (_name, text, answer, atEnd) => {
  const seen = read(text);
  expect(seen.answer).toMatchObject(answer);
  expect(seen.after).toBe(atEnd ? Infinity : 1);
});

test("the same comes of an answer in whatever pieces it arrives", () => {
  fc.assert(
    fc.property(fc.constantFrom(...ANSWERS), fc.array(fc.nat(120), { maxLength: 12 }), ([, text], cuts) => {
      const at = [0, ...cuts.map((cut) => Math.min(cut, text.length)), text.length].sort((a, b) => a - b);
      const pieces = at.slice(1).map((end, index) => text.slice(at[index], end));
      expect(read(...pieces).answer).toEqual(read(text).answer);
    }),
  );
});

test.each([
  ["is empty", "", "ECONNRESET"],
  ["breaks off in its head", "HTTP/1.1 200 OK\r\nContent-", "ECONNRESET"],
  ["breaks off in its body", "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nAct", "ECONNRESET"],
  ["breaks off in a chunk", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n6\r\nAct", "ECONNRESET"],
  [
    "breaks off after its last chunk",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n6\r\nActive\r\n0\r\n",
    "ECONNRESET",
  ],
  ["has more than it says", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nActive", "HPE_CLOSED_CONNECTION"],
  ["is no HTTP", "SSH-2.0-x\r\n", "HPE_INVALID_CONSTANT"],
  ["is another HTTP", "HTTP/2 200\r\n\r\n", "HPE_INVALID_CONSTANT"],
  ["has no status", "HTTP/1.1 OK\r\n\r\n", "HPE_INVALID_STATUS"],
  ["has a field without a name", "HTTP/1.1 200 OK\r\nnothing\r\n\r\n", "HPE_INVALID_HEADER_TOKEN"],
  [
    "has no number for a length",
    "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
    "HPE_INVALID_CONTENT_LENGTH",
  ],
  [
    "has no number for a chunk",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n",
    "HPE_INVALID_CHUNK_SIZE",
  ],
  ["has a head without an end", `HTTP/1.1 200 OK\r\n${"x: y\r\n".repeat(4_000)}`, "HPE_HEADER_OVERFLOW"],
])("an answer that %s is refused, as node:http says it", (_name, text, code) => {
  expect(() => read(text)).toThrow(expect.objectContaining({ code }));
});

test.each([
  ["a length", "HTTP/1.1 200 OK\r\nContent-Length: 9000\r\n\r\n"],
  ["the end", "HTTP/1.1 200 OK\r\n\r\n"],
  ["chunks", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2328\r\n"],
])("of a long body with %s the first 1,024 bytes are enough", (_name, head) => {
  const { answer, after } = read(head, "x".repeat(1_023), "xx", "x".repeat(1_000));
  expect(answer.body).toBe("x".repeat(1_024));
  expect(after).toBe(3);
});

test("whatever comes ends in an answer or an error, and keeps no more than it needs", () => {
  fc.assert(
    fc.property(
      fc.array(fc.uint8Array({ maxLength: 3_000 }), { maxLength: 20 }),
      fc.boolean(),
      (pieces, head) => {
        const reader = new AnswerReader();
        const text = head ? [Buffer.from("HTTP/1.1 200 OK\r\n\r\n")] : [];
        try {
          for (const piece of [...text, ...pieces]) if (reader.add(Buffer.from(piece)) !== undefined) return;
          expect(reader.end().body.length).toBeLessThanOrEqual(1_024);
        } catch (error) {
          expect(error).toHaveProperty("code");
        }
      },
    ),
  );
});
