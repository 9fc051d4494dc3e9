import { describe, expect, test } from "vitest";
import { expectNmiText, manualNode, RESOURCE, token } from "./harness.js";

const TOKEN = "/metadata/identity/oauth2/token";

describe("the token step", () => {
  test("says 403 at once, with IMDS's own answer inside, where IMDS refuses", async () => {
    const { simulator } = await manualNode();
    simulator.imds.detach(simulator.identity);
    const { clientId } = simulator.identity;
    const resource = encodeURIComponent(RESOURCE);
    expectNmiText(
      await token(simulator),
      403,
      "adal: Refresh request failed. Status Code = '400'. Response body: " +
        '{"error":"invalid_request","error_description":"Identity not found"} Endpoint ' +
        `http://169.254.169.254${TOKEN}?api-version=2018-02-01&client_id=${clientId}&resource=${resource}`,
    );
    expect(simulator.imds.counters.requests).toBe(1);
  });

  test.each([
    ["text", "<html>", "adal: Failed to unmarshal the service principal token during refresh."],
    ["nothing", "", "adal: Empty service principal token received during refresh"],
  ])("says 403 where a 200 of IMDS holds %s", async (_what, body, text) => {
    const { simulator } = await manualNode();
    simulator.faults.next("imds", { kind: "status", status: 200, body });
    const answer = await token(simulator);
    expect(answer.status).toBe(403);
    expect(answer.body.startsWith(text)).toBe(true);
  });

  test("quotes a token response that it cannot parse in its 403", async () => {
    const { simulator } = await manualNode();
    simulator.faults.next("imds", { kind: "status", status: 200, body: '{"access_token":"eyJ0.eyJ0.c2ln"' });
    expect((await token(simulator)).body).toContain('JSON = \'{"access_token":"eyJ0.eyJ0.c2ln"\'');
  });

  test.each([404, 408, 410, 429, 500, 503, 511])(
    "asks five times over 112 s where IMDS says %i",
    async (status) => {
      const { simulator, clock } = await manualNode();
      simulator.faults.always("imds", { kind: "status", status, body: "{}" });
      const answer = token(simulator);
      await simulator.nextRequest();
      await clock.advance(111_999);
      expect(simulator.requests.at(-1)?.outcome).toBe("pending");
      const start = clock.now() - 111_999;
      expect(simulator.nmi.upstreamCalls.map(({ at }) => (at - start) / 1000)).toEqual([0, 2, 8, 22, 52]);
      await clock.advance(1);
      const { status: answered, body } = await answer;
      expect(answered).toBe(403);
      expect(body).toContain(`Status Code = '${status}'`);
    },
  );

  test("answers as soon as IMDS recovers", async () => {
    const { simulator, clock } = await manualNode();
    simulator.imds.setUpdating(410, { forMs: 20_000 });
    const answer = token(simulator);
    await simulator.nextRequest();
    await clock.advance(22_000);
    expect((await answer).status).toBe(200);
    expect(simulator.nmi.upstreamCalls.map(({ status }) => status)).toEqual([410, 410, 410, 200]);
  });

  test.each(["reset", "truncate"] as const)(
    "says 503 without Retry-After after 112 s of %s",
    async (kind) => {
      const { simulator, clock } = await manualNode();
      simulator.faults.always("imds", { kind });
      const answer = token(simulator);
      await simulator.nextRequest();
      await clock.advance(112_000);
      const { status, headers, body } = await answer;
      expect(status).toBe(503);
      expect(headers).not.toHaveProperty("retry-after");
      expect(body).toMatch(/^adal: Failed to execute the refresh request\. Error = '/);
    },
  );

  test("goes on asking IMDS when the client has left", async () => {
    const { simulator, clock } = await manualNode();
    simulator.imds.setUpdating(410);
    const client = new AbortController();
    const left = token(simulator, {}, { signal: client.signal }).catch(() => "left");
    await simulator.nextRequest();
    await clock.advance(0);
    client.abort();
    await left;
    await clock.advance(112_000);
    expect(simulator.nmi.upstreamCalls).toHaveLength(5);
    expect(simulator.requests.at(-1)?.outcome).toBe("aborted");
  });

  test("ends with the NMI process", async () => {
    const { simulator, clock } = await manualNode();
    simulator.imds.setUpdating(410);
    const broken = token(simulator).catch(() => "broken");
    await simulator.nextRequest();
    await clock.advance(0);
    await simulator.nmi.crash();
    await broken;
    await clock.advance(200_000);
    expect(simulator.nmi.upstreamCalls).toHaveLength(1);
    expect(clock.pending).toBe(0);
  });
});
