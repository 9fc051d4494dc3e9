import { describe, expect, test } from "vitest";
import { readCommandLine, UsageError } from "./command-line.js";

describe("the command line", () => {
  test("needs one image, which stands for the others", () => {
    expect(readCommandLine(["--image", "app:1"])).toMatchObject({
      image: "app:1",
      cliImage: "app:1",
      simulatorImage: "app:1",
      simulatorPath: "/app/node_modules/azure-identity-guard/dist/node-simulator.js",
      realNmi: false,
      shadowMetadata: false,
      keep: false,
      yes: false,
    });
    expect(readCommandLine(["--image", "app:1", "--cli-image", "cli:1"])).toMatchObject({
      simulatorImage: "cli:1",
      simulatorPath: "/opt/azure-identity-guard/node_modules/azure-identity-guard/dist/node-simulator.js",
    });
  });

  test("takes some options several times", () => {
    const argv = ["--image", "a", "--strategy", "x", "--strategy", "y", "--env", "A=1=2", "--env", "B="];
    expect(readCommandLine(argv)).toMatchObject({ strategies: ["x", "y"], environment: { A: "1=2", B: "" } });
  });

  test("helps, whatever else is missing", () => {
    expect(readCommandLine(["--help"])).toBe("help");
  });

  test.each([
    [[], "--image"],
    [["--image", ""], "--image: the value is empty"],
    [["--image", "a", "--strategy", ""], "--strategy: the value is empty"],
    [["--image", "a", "--nonsense"], "--nonsense"],
    [["--image", "a", "in-place"], "in-place"],
    [["--image"], "--image"],
    [["--image", "a", "--env", "A"], "--env: give NAME=VALUE"],
    [["--image", "a", "--binding", "x"], "--binding: goes with --real-nmi"],
    [["--image", "a", "--system-assigned"], "--system-assigned"],
    [["--image", "a", "--real-nmi"], "--object-id"],
    [["--image", "a", "--object-id", "x"], "--object-id"],
    [["--image", "a", "--real-nmi", "--object-id", "x", "--shadow-metadata"], "--shadow-metadata"],
    [["--image", "a", "--real-nmi", "--object-id", "x", "--keep"], "--keep"],
  ])("%j is refused by name", (argv, words) => {
    expect(() => readCommandLine(argv)).toThrow(UsageError);
    expect(() => readCommandLine(argv)).toThrow(words);
  });
});
