import { describe, expect, test } from "vitest";
import { LogLines } from "./log-lines.js";

const read = (lines: LogLines, stamped: readonly string[]): (string | undefined)[] =>
  stamped.map(lines.reader());

describe("a log that is read again", () => {
  const first = ["2026-01-02T03:04:05.000000001Z one", "2026-01-02T03:04:06.1Z two"];

  test("goes on in the second of the last line", () => {
    const lines = new LogLines();
    expect(lines.since).toBe("timestamps=true");
    expect(read(lines, first)).toEqual(["one", "two"]);
    expect(lines.since).toBe("timestamps=true&sinceTime=2026-01-02T03%3A04%3A06Z");
  });

  test("doubles no line and loses none, whatever its fractions and its zone", () => {
    const lines = new LogLines();
    read(lines, first);
    const again = ["2026-01-02T05:04:06.100000000+02:00 two", "2026-01-02T03:04:06.100000001Z three"];
    expect(read(lines, again)).toEqual([undefined, "three"]);
  });

  test("counts lines of the same time", () => {
    const lines = new LogLines();
    const same = "2026-01-02T03:04:05Z same";
    expect(read(lines, [same, same])).toEqual(["same", "same"]);
    expect(read(lines, [same, same, same])).toEqual([undefined, undefined, "same"]);
  });

  test("has nothing of lines that the kubelet adds", () => {
    expect(read(new LogLines(), ["failed to watch the log: too many open files"])).toEqual([undefined]);
  });
});
