import { describe, expect, test } from "vitest";
import { colored, uncolored } from "../../../src/cli/demo-paint.js";
import { diagnose, type Finding } from "../../../src/cli/doctor/diagnose.js";
import { linkStates } from "../../../src/cli/doctor/link-states.js";
import type { Observations } from "../../../src/cli/doctor/observations.js";
import { reportJson } from "../../../src/cli/doctor/report-json.js";
import { reportText } from "../../../src/cli/doctor/report-text.js";
import { RULES } from "../../../src/cli/doctor/rules/all-rules.js";
import { expectGenerated, markdownTable } from "../../generated.js";
import { failure, health, HEALTHY, plane, route, settings } from "./observed.js";

const NO_RULE: Observations = {
  ...HEALTHY,
  ...route("imds"),
  token: { outcome: "gate-closed", ms: 3, reason: "route-bypassed", detail: "IMDS answered" },
};

const report = (seen: Observations, paint = uncolored): string =>
  reportText(seen, linkStates(seen), diagnose(seen), paint);

describe("the report for people", () => {
  test("says that nothing is wrong, and how each link was found", () => {
    expect(report(HEALTHY).split("\n")).toEqual([
      "Identity plane  AAD Pod Identity (NMI): HOST_IP is given",
      "",
      "  ok    environment  gate auto, HOST_IP 10.240.0.4, client ID",
      "                     a9a972a7-cf75-498d-8c03-cf1ba08d8a34, expects",
      "                     5ffbcc09-ae3e-4cf2-8b74-fd07eb05afeb",
      "  -     clock        nobody with another clock answered",
      "  ok    health       http://10.240.0.4:8085/healthz says Active (3ms)",
      "  ok    route        NMI answers on the token path (2ms)",
      "  ok    token        had (60ms), good for 23h53m",
      "  ok    claims       oid 5ffbcc09-ae3e-4cf2-8b74-fd07eb05afeb, client ID",
      "                     a9a972a7-cf75-498d-8c03-cf1ba08d8a34, as expected",
      "",
      "Nothing is wrong.",
    ]);
  });

  test("has each part of a finding, and lines to be copied as they are", () => {
    const lines = report(NO_RULE).split("\n");
    expect(lines).toContain("1. NMI's rule is gone: token requests reach IMDS (certain)");
    expect(lines).toContain("     NODE=$(kubectl get pod app-6d4b75cb6d-hs5gr -n shop \\");
    expect(lines).toContain("       -o jsonpath='{.spec.nodeName}')");
    for (const label of ["Seen", "Means", "Fix", "Source"]) {
      expect(lines.filter((line) => line.startsWith(`   ${label}`))).toHaveLength(1);
    }
  });

  test("counts its findings", () => {
    const two = { ...HEALTHY, ...health("health-refused"), ...route("imds"), ...failure("gate") };
    expect(report(two)).toContain("2 findings, the most likely first");
    expect(report(NO_RULE)).toContain("\n1 finding\n");
  });

  test("is the same with colours, but for them", () => {
    const painted = report(NO_RULE, colored);
    expect(painted).not.toBe(report(NO_RULE));
    expect(painted.replaceAll(new RegExp("\u001B\\[[\\d;]*m", "gu"), "")).toBe(report(NO_RULE));
  });

  test("leaves out the links that this plane does not have", () => {
    const { nmi: _nmi, route: _route, ...rest } = HEALTHY;
    const seen: Observations = { ...rest, ...plane("app-service") };
    expect(linkStates(seen).map(({ link }) => link)).toEqual(["environment", "clock", "token", "claims"]);
  });
});

describe("a link", () => {
  const stateOf = (seen: Observations, link: string): string | undefined =>
    linkStates(seen).find((each) => each.link === link)?.state;

  test.each<[link: string, differs: Partial<Observations>, state: string]>([
    ["environment", settings({ problems: [{ name: "X", value: "1", expected: "2" }] }), "bad"],
    ["environment", {}, "ok"],
    ["network", { entra: { url: "https://e", answered: false, detail: "ETIMEDOUT", ms: 1 } }, "bad"],
    ["network", { entra: { url: "https://e", answered: true, detail: "answered 200", ms: 1 } }, "ok"],
    ["clock", { clock: { aheadMs: 400_000, against: "IMDS's clock" } }, "bad"],
    ["clock", { clock: { aheadMs: -1_000, against: "IMDS's clock" } }, "ok"],
    ["health", health("not-active"), "bad"],
    ["health", plane("proxy"), "bad"],
    ["health", { ...plane("proxy"), proxyPort: route("proxy").route }, "ok"],
    ["route", route("imds"), "bad"],
    ["route", route("unknown"), "unknown"],
    ["route", { ...plane("imds"), ...route("imds") }, "ok"],
    ["route", { ...plane("proxy"), ...route("nmi") }, "bad"],
    ["token", failure("throttled"), "bad"],
    ["token", { token: { outcome: "not-asked", why: "why" } }, "unknown"],
    ["claims", failure("identity-mismatch", { saw: { objectId: "other" } }), "bad"],
    ["claims", settings({ expected: { objectIds: [], any: false } }), "unknown"],
  ])("%s with %j is %s", (link, differs, state) => {
    expect(stateOf({ ...HEALTHY, ...differs }, link)).toBe(state);
  });
});

describe("the report for machines", () => {
  test("is one line with what was seen, and with commands as they are typed", () => {
    const text = reportJson(NO_RULE, linkStates(NO_RULE), diagnose(NO_RULE));
    expect(text).not.toContain("\n");
    const told = JSON.parse(text) as {
      ok: boolean;
      findings: readonly (Finding & { fix: { lines: string[] } })[];
    };
    expect(told).toMatchObject({ ok: false, plane: NO_RULE.plane, observations: { route: NO_RULE.route } });
    expect(told.findings.map(({ id }) => id)).toEqual(["nmi-rule-gone"]);
    expect(told.findings[0]?.fix.lines[2]).toBe("kubectl delete pod -n NMI_NAMESPACE NMI_POD");
  });

  test("is ok where nothing was found", () => {
    expect(JSON.parse(reportJson(HEALTHY, linkStates(HEALTHY), []))).toMatchObject({
      ok: true,
      findings: [],
    });
  });
});

describe("the guide", () => {
  const GUIDE = new URL("../../../examples/doctor/README.md", import.meta.url);

  test("shows a session as it is", () => {
    const prompt = "$ azure-identity-guard doctor";
    const text = ["```console", prompt, report(HEALTHY), "", prompt, report(NO_RULE), "```"].join("\n");
    expectGenerated(GUIDE, "doctor-session", text);
  });

  test("lists every finding", () => {
    const rows = RULES.map(({ id, title, link, likelihood, source }) => [
      `\`${id}\``,
      title,
      link,
      likelihood,
      source,
    ]);
    const head = ["finding", "title", "link", "how likely", "known from"];
    expectGenerated(GUIDE, "doctor-findings", markdownTable(head, rows));
  });
});
