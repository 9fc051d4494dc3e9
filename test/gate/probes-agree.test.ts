import fc from "fast-check";
import { expect, test } from "vitest";
import { httpProbe, type HttpProbe } from "../../src/gate/http-probe.js";
import { socketProbe } from "../../src/gate/socket-probe.js";
import { serveRaw } from "../endpoint/local-server.js";

// The command line's exec probes read answers with a reader of their own, the library with Node's. What a node's state
// looks like must not depend on who looks.

const never = new AbortController().signal;
const OK = "HTTP/1.1 200 OK\r\n";
const LENGTH = "Content-Length: 6\r\n";
const CHUNKED = "Transfer-Encoding: chunked\r\n";
const ACTIVE = "\r\nActive";
const ACTIVE_IN_CHUNKS = "\r\n3\r\nAct\r\n3\r\nive\r\n0\r\n\r\n";
const sized = (size: string): string => `${OK}${CHUNKED}\r\n${size}\r\nActive\r\n0\r\n\r\n`;
const coded = (coding: string): string => `${OK}Transfer-Encoding: ${coding}\r\n${ACTIVE_IN_CHUNKS}`;
const told = (length: string): string => `${OK}Content-Length: ${length}\r\n${ACTIVE}`;
const begun = (line: string): string => `${line}\r\n${LENGTH}${ACTIVE}`;
const field = (line: string): string => `${OK}${line}\r\n${LENGTH}${ACTIVE}`;

type Verdict = Awaited<ReturnType<HttpProbe>> | "refused";
type Ending = "close" | "reset" | "open";

/** Rows of one kind: what they show, and the answers. Each ends with the connection. */
const ALIKE: Readonly<Record<string, readonly string[]>> = {
  "a length": [
    ...["6", "006", "0", "5", "7", "+6", "-6", "6 ", "6 6", "6, 6", "0x6", "6.0", "", "9".repeat(25)].map(
      told,
    ),
    `${OK}${LENGTH}${LENGTH}${ACTIVE}`,
    `${OK}${LENGTH}Content-Length: 7\r\n${ACTIVE}`,
    `${OK}${LENGTH}${ACTIVE}more`,
    `${OK}Connection: close\r\n${LENGTH}${ACTIVE}more`,
    `${OK}${LENGTH}${ACTIVE}\r\n\r\n`,
  ],
  "a length and chunks": [
    `${OK}${CHUNKED}${LENGTH}${ACTIVE_IN_CHUNKS}`,
    `${OK}${LENGTH}${CHUNKED}${ACTIVE_IN_CHUNKS}`,
    `${OK}${LENGTH}${CHUNKED}${ACTIVE}`,
    `${OK}Transfer-Encoding: gzip\r\n${LENGTH}${ACTIVE}`,
    `HTTP/1.1 204 x\r\n${LENGTH}${CHUNKED}\r\n`,
  ],
  "a size of a chunk": [
    ...["6", "06", "6;x", "6;x=y;z", "5", "7", "", "-6", "+6", "0x6", "g", " 6", "6 ", "6\t"].map(sized),
    ...["6 ;x", "6; x", "6;", "6;x y", '6;x="', "6;\x01", "6\rx", "6\nx", "6;x\ny"].map(sized),
    ...["fffffffff", "ffffffffffffffff", "10000000000000000", `6;${"x".repeat(17_000)}`].map(sized),
  ],
  "an end of a chunk": [
    `${OK}${CHUNKED}\r\n6\nActive\r\n0\r\n\r\n`,
    `${OK}${CHUNKED}\r\n6\r\nActive0\r\n\r\n`,
    `${OK}${CHUNKED}\r\n6\r\nActivexx0\r\n\r\n`,
    `${OK}${CHUNKED}\r\n6\r\nActive\n0\r\n\r\n`,
    `${OK}${CHUNKED}\r\n6\r\nActive\r0\r\n\r\n`,
    `${OK}${CHUNKED}\r\n6\r\nActive\r\n0\r\n`,
    `${OK}${CHUNKED}\r\n6\r\nActive\r\n`,
    `${OK}${CHUNKED}\r\n6\r\nAct`,
    `${OK}${CHUNKED}\r\n0\r\n\r\n`,
    `${sized("6")}more`,
  ],
  "fields after the last chunk": [
    `${OK}${CHUNKED}\r\n6\r\nActive\r\n0\r\nX: y\r\nZ:\r\n\r\n`,
    `${OK}${CHUNKED}\r\n6\r\nActive\r\n0\r\nX y\r\n\r\n`,
    `${OK}${CHUNKED}\r\n6\r\nActive\r\n0\r\n${LENGTH}\r\n`,
    `${OK}${CHUNKED}\r\n6\r\nActive\r\n0\r\n${`X: ${"x".repeat(100)}\r\n`.repeat(300)}\r\n`,
  ],
  "a status line": [
    ...["HTTP/1.1 200", "HTTP/1.1 200 ", "HTTP/1.0 200 OK", "HTTP/1.1 200  OK", "HTTP/1.1 999 x"].map(begun),
    ...["HTTP/1.1 200 \x80\xff", "HTTP/1.1 200 O\0K", "HTTP/1.1 200 O\rK", "HTTP/1.1 200 O\nK"].map(begun),
    ...["HTTP/1.1  200 OK", "HTTP/1.1\t200 OK", "HTTP/1.1 200\tOK", "HTTP/1.1 200OK", "HTTP/1.1"].map(begun),
    ...["HTTP/1.1 20 OK", "HTTP/1.1 2000 OK", "HTTP/1.1 abc OK", "HTTP/1.1 -20 OK", "HTTP/1.1 2e2 OK"].map(
      begun,
    ),
    ...["HTTP/1.2 200 OK", "HTTP/1 200 OK", "HTTP/2 200", "HTTP/1.10 200 OK", "HTTP/01.1 200 OK"].map(begun),
    ...["http/1.1 200 OK", " HTTP/1.1 200 OK", "ICY 200 OK", "SSH-2.0-x", "Active"].map(begun),
    `HTTP/1.1 200 OK\n${LENGTH}${ACTIVE}`,
    begun(`HTTP/1.1 200 ${"x".repeat(17_000)}`),
  ],
  "a field": [
    ...["x:", "x:y", "x: \t y \t ", "x: \xff", "__proto__: x", "Connection: keep-alive", "Upgrade: x"].map(
      field,
    ),
    ...["Server: a\r\nServer: b", "Server:\r\nSERVER: b", "server:\ta\t", "Server: \xa0a\xa0"].map(field),
    ...["x", ":y", " x: y", "x : y", "x\t: y", "x\0: y", "x(: y", "\x80: y", "x\\: y", '"x": y'].map(field),
    ...[
      "x: \0",
      "x: \x01",
      "x: \x0b",
      "x: \x7f",
      "x: a\rb",
      "x: a\nb",
      "x: a\r",
      "x: y\r\n z",
      "x:\r\n\ty",
    ].map(field),
    `${OK}X: y\n${LENGTH}${ACTIVE}`,
    `${OK}X: y\r${LENGTH}${ACTIVE}`,
    `${OK}${LENGTH} \r\n${ACTIVE}`,
    `${OK}${LENGTH}\nActive`,
    `${OK}${LENGTH}\rActive`,
    told("6\xa0"),
  ],
  "a long head": [
    field(`X: ${"x".repeat(15_000)}`),
    field(`X: ${"x".repeat(16_384)}`),
    field(`X${"x".repeat(17_000)}: y`),
    field("x: y\r\n".repeat(9_000)),
    `${OK}X: ${"x".repeat(15_000)}\r\n\r\n${"x".repeat(3_000)}`,
  ],
  "an answer that comes first": [
    `HTTP/1.1 100 Continue\r\n\r\n${told("6")}`,
    `HTTP/1.1 103 x\r\nLink: y\r\n\r\n${sized("6")}`,
    `HTTP/1.1 102\r\n\r\nHTTP/1.1 199 x\r\n\r\n${told("6")}`,
    `HTTP/1.1 102 x\r\n${LENGTH}\r\n${told("6")}`,
    `HTTP/1.1 103 x\r\nX y\r\n\r\n${told("6")}`,
    `HTTP/1.1 103 x\r\nConnection: close\r\n\r\n${told("6")}`,
    `HTTP/1.0 103 x\r\n\r\n${told("6")}`,
    `HTTP/1.1 103 x\r\n${CHUNKED}${LENGTH}\r\n${told("6")}`,
    "HTTP/1.1 100 Continue\r\n\r\n",
    `HTTP/1.1 101 x\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n${told("6")}`,
  ],
  "a status without a body": ["204", "304"].flatMap((status) => [
    `HTTP/1.1 ${status} x\r\n\r\n`,
    `HTTP/1.1 ${status} x\r\n${LENGTH}\r\n`,
    `HTTP/1.1 ${status} x\r\n${LENGTH}${ACTIVE}`,
    `HTTP/1.1 ${status} x\r\n${CHUNKED}\r\n`,
    `HTTP/1.1 ${status} x\r\n${CHUNKED}${ACTIVE_IN_CHUNKS}`,
    `HTTP/1.1 ${status} x\r\n\r\nActive`,
    `HTTP/1.1 ${status} x\r\nConnection: close\r\n\r\nActive`,
  ]),
  "a body to the end": [
    `${OK}${ACTIVE}`,
    `${OK}\r\n`,
    `HTTP/1.0 200 OK\r\nConnection: keep-alive\r\n${ACTIVE}`,
    `${OK}\r\n${"\xc3\xa9".repeat(900)}`,
  ],
  "a long body": [
    `${OK}\r\n${"x".repeat(40_000)}`,
    `${OK}Content-Length: 40000\r\n\r\n${"x".repeat(40_000)}`,
    `${OK}Content-Length: 40000\r\n\r\n${"x".repeat(1_024)}`,
    `${OK}Content-Length: 40000\r\n\r\n${"x".repeat(1_023)}`,
    `${OK}${CHUNKED}\r\n7d0\r\n${"x".repeat(2_000)}`,
    `${OK}${CHUNKED}\r\n${"1\r\nx\r\n".repeat(1_100)}`,
  ],
  "an answer that breaks off": [
    "",
    "H",
    "HTTP/1.1",
    "HTTP/1.1 200",
    OK,
    `${OK}${LENGTH}`,
    `${OK}${LENGTH}\r`,
    told("9"),
  ],
};

interface Difference {
  readonly why: string;
  /** What such answers look like, for those that chance brings. */
  readonly looks: RegExp;
  readonly node: Verdict;
  readonly ours: Verdict;
  readonly answer: string;
}

const active = { status: 200, server: undefined, body: "Active" };
const inChunks = { ...active, body: ACTIVE_IN_CHUNKS.slice(2) };

/** Where the reader differs from Node's on purpose. */
const DIFFERENCES: readonly Difference[] = [
  {
    why: "no line ends before an answer: no server sends them to the first request of a connection",
    looks: /(?:^|\n\r?\n)[\r\n]+HTTP/u,
    node: active,
    ours: "refused",
    answer: begun("\r\nHTTP/1.1 200 OK"),
  },
  ...["HTTP/2.0", "HTTP/0.9", "RTSP/1.0"].map((protocol) => ({
    why: `not ${protocol}: HTTP/1.1 was asked for`,
    looks: /(?:^|\n)(?:HTTP\/[02]|RTSP)/u,
    node: active,
    ours: "refused" as const,
    answer: begun(`${protocol} 200 OK`),
  })),
  {
    why: "the reason ends with CR LF: after a CR, Node takes another CR for the LF",
    looks: /HTTP\/\d\.\d \d{3}[^\n]*\r\r/u,
    node: active,
    ours: "refused",
    answer: begun("HTTP/1.1 200 OK\r\rX: y"),
  },
  {
    why: "no status under 100: there is none",
    looks: /HTTP\/\d\.\d 0\d\d/u,
    node: { ...active, status: 99 },
    ours: "refused",
    answer: begun("HTTP/1.1 099 x"),
  },
  {
    why: "no other protocol, be it without fields that say which: nobody asked for one",
    looks: /HTTP\/1\.1 101/u,
    node: { ...active, status: 101, body: "" },
    ours: "refused",
    answer: `HTTP/1.1 101 x\r\n\r\n${told("6")}`,
  },
  ...["gzip", "identity", "x-chunked", "chunked, gzip", "chunked;x", ""].map((coding) => ({
    why: `no coding "${coding}": Node passes the coded bytes on, and nobody asked for it`,
    looks: /transfer-encoding:(?! *chunked *\r\n)/iu,
    node: inChunks,
    ours: "refused" as const,
    answer: coded(coding),
  })),
  ...["gzip, chunked", "chunked, chunked", ",chunked", "gzip\r\nTransfer-Encoding: chunked"].map(
    (coding) => ({
      why: `no coding "${coding}": Node takes the chunks apart, and passes the rest of the coding on`,
      looks: /transfer-encoding:(?! *chunked *\r\n)/iu,
      node: active,
      ours: "refused" as const,
      answer: coded(coding),
    }),
  ),
  {
    why: "the coding is told once",
    looks: /transfer-encoding:[^]*transfer-encoding:/iu,
    node: active,
    ours: "refused",
    answer: coded("chunked\r\nTransfer-Encoding: chunked"),
  },
  {
    why: "blanks around the coding do not count (RFC 9110, 5.5), tabs as little as spaces",
    looks: /transfer-encoding:.*\t/iu,
    node: inChunks,
    ours: active,
    answer: coded("chunked\t"),
  },
  {
    why: "no length of over 19 digits: nothing is that long",
    looks: /content-length: *\d{20}/iu,
    node: { ...active, body: "x".repeat(1024) },
    ours: "refused",
    answer: `${OK}Content-Length: 18446744073709551615\r\n\r\n${"x".repeat(1024)}`,
  },
  ...["00000000000000006", '6;x="y"', "6;x=", "6;=y", "6;;x"].map((size) => ({
    why: `no size "${size}" of a chunk: extensions mean nothing here, and those who send some send plain ones`,
    looks: /\n(?:[\da-f]{17}|[\da-f]+(?=;)[^\n]*(?:"|=\r|=;|;=|;;))/iu,
    node: active,
    ours: "refused" as const,
    answer: sized(size),
  })),
  {
    why: "no second answer in the same breath: nobody asked twice",
    looks: /HTTP\/1\.\d [2-9][^]*HTTP/u,
    node: active,
    ours: "refused",
    answer: `${told("6")}${told("6")}`,
  },
  {
    why: "16 KiB of head are counted with colons, blanks and line ends, which Node leaves out",
    looks: /^[^]{16384}/u,
    node: active,
    ours: "refused",
    answer: field(`x: y${"\r\nx: y".repeat(2_900)}`),
  },
  {
    why: "Node drops the fields after the 2,000th, and with them IMDS's name",
    looks: /(?:\n[^\n]*){2000}/u,
    node: active,
    ours: { ...active, server: "IMDS/1" },
    answer: field(`${"x: y\r\n".repeat(2_001)}Server: IMDS/1`),
  },
  {
    why: "of several dates the first counts: Node joins them into none",
    looks: /\ndate:[^]*\ndate:/iu,
    node: { ...active, date: "a, b" },
    ours: { ...active, date: "a" },
    answer: field("Date: a\r\nDate: b"),
  },
  {
    why: "what comes after the first 1,024 bytes of a body is not looked at; Node does where it is there already",
    looks: /[^]{1025}/u,
    node: "refused",
    ours: { ...active, body: "x".repeat(1024) },
    answer: `${OK}${CHUNKED}\r\n400\r\n${"x".repeat(1024)}no end of a chunk`,
  },
];

async function verdict(probe: HttpProbe, url: string): Promise<Verdict> {
  try {
    return await probe(url, { signal: never });
  } catch {
    return "refused";
  }
}

interface Verdicts {
  readonly node: Verdict;
  readonly ours: Verdict;
}

/** A server whose next answers are these bytes, and what the two make of them. */
async function createJudge(): Promise<
  (answer: string, ending?: Ending, pieces?: number) => Promise<Verdicts>
> {
  let next: (send: (piece: string) => Promise<void>) => Promise<void>;
  let last: Ending = "close";
  const { url } = await serveRaw((socket) => {
    socket.setNoDelay();
    socket.once("data", () => {
      const send = async (piece: string): Promise<void> => {
        await new Promise((sent) => socket.write(piece, "latin1", sent));
        // The other side of the connection lives in this process: the poll between two of these lets it read.
        for (let turns = 0; turns < 2; turns++) await new Promise((resolve) => setImmediate(resolve));
      };
      void next(send).then(() => {
        if (last === "close") socket.end();
        if (last === "reset") socket.resetAndDestroy();
      });
    });
  });
  return async (answer, ending = "close", pieces = 1) => {
    const size = Math.max(1, Math.ceil(answer.length / pieces));
    last = ending;
    next = async (send) => {
      for (let at = 0; at < answer.length; at += size) await send(answer.slice(at, at + size));
    };
    return { node: await verdict(httpProbe, url), ours: await verdict(socketProbe, url) };
  };
}

test.each(Object.entries(ALIKE))("both read %s alike", async (_name, answers) => {
  const judge = await createJudge();
  for (const answer of answers) {
    const { node, ours } = await judge(answer);
    expect(ours, JSON.stringify(answer.slice(0, 200))).toEqual(node);
  }
});

test("the answers of the table are not all refused, nor all accepted", async () => {
  const judge = await createJudge();
  const seen = { refused: 0, accepted: 0 };
  for (const answer of Object.values(ALIKE).flat())
    seen[(await judge(answer)).ours === "refused" ? "refused" : "accepted"] += 1;
  expect(seen.refused).toBeGreaterThan(80);
  expect(seen.accepted).toBeGreaterThan(40);
});

test("both read answers alike that come byte by byte", async () => {
  const judge = await createJudge();
  const short = Object.values(ALIKE)
    .flat()
    .filter((answer) => answer.length < 300);
  for (const answer of short) {
    const { node, ours } = await judge(answer, "close", answer.length);
    expect(ours, JSON.stringify(answer)).toEqual(node);
  }
});

test.each([
  ["a body to the end", `${OK}${ACTIVE}`],
  ["a body of a length", told("9")],
  ["chunks", `${OK}${CHUNKED}\r\n6\r\nActive\r\n`],
  ["a head", OK],
])("both refuse %s that a reset cuts", async (_name, answer) => {
  const judge = await createJudge();
  expect(await judge(answer, "reset")).toEqual({ node: "refused", ours: "refused" });
});

test.each([
  ["a length", told("6"), active],
  ["chunks", sized("6"), active],
  ["a status without a body", "HTTP/1.1 204 x\r\n\r\n", { ...active, status: 204, body: "" }],
  ["1 KiB of an endless body", `${OK}\r\n${"x".repeat(1024)}`, { ...active, body: "x".repeat(1024) }],
])("neither waits for the end of the connection after %s", async (_name, answer, expected) => {
  const judge = await createJudge();
  expect(await judge(answer, "open")).toEqual({ node: expected, ours: expected });
});

test.each(DIFFERENCES)("on purpose: $why", async ({ answer, looks, node, ours }) => {
  const judge = await createJudge();
  expect(await judge(answer)).toEqual({ node, ours });
  expect(looks.test(answer)).toBe(true);
});

/** Pieces that break things at the right places. */
const PIECES = [
  ...["\r\n", "\r", "\n", "\0", " ", "\t", ":", ";", ",", "=", '"', "\xa0", "\x7f", "0", "6", "f", "-"],
  ...[
    OK,
    LENGTH,
    CHUNKED,
    "HTTP/1.1 100 x\r\n\r\n",
    "Server: IMDS/1\r\n",
    "Server:",
    "0\r\n\r\n",
    "6\r\n",
    "Active",
  ],
];

const changes = fc.array(
  fc.record({
    at: fc.nat(),
    drops: fc.integer({ min: 0, max: 3 }),
    puts: fc.oneof(
      fc.constantFrom("", ...PIECES),
      fc.nat(255).map((byte) => String.fromCharCode(byte)),
    ),
  }),
  { minLength: 1, maxLength: 3 },
);

test("both read alike what chance makes of good and bad answers, but for the differences above", async () => {
  const judge = await createJudge();
  const short = Object.values(ALIKE)
    .flat()
    .filter((answer) => answer.length < 300);
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...short), changes, async (answer, made) => {
      for (const { at, drops, puts } of made) {
        const place = at % (answer.length + 1);
        answer = answer.slice(0, place) + puts + answer.slice(place + drops);
      }
      const { node, ours } = await judge(answer);
      if (!DIFFERENCES.some(({ looks }) => looks.test(answer)))
        expect(ours, JSON.stringify(answer)).toEqual(node);
    }),
    { seed: 20_261_124, numRuns: 600 },
  );
});
