import { formatDuration } from "../../config/duration.js";
import type { Observations, PlaneKind, TokenLook } from "./observations.js";
import { LINKS, type Link } from "./rule.js";
import { answererWords, CLOCK_TOLERANCE_MS, clockWords, took } from "./words.js";

/** How one link was found; absent where it is no part of this plane. */
export interface LinkState {
  readonly link: Link;
  readonly state: "ok" | "bad" | "unknown";
  readonly text: string;
}

type Look = (seen: Observations) => Omit<LinkState, "link"> | undefined;

/** Who has to answer on the token path. */
const EXPECTED_ROUTES: Readonly<Partial<Record<PlaneKind, readonly string[]>>> = {
  nmi: ["nmi"],
  proxy: ["proxy"],
  imds: ["imds"],
  none: [],
};

const within = (ms: number): string => ` (${took(ms)})`;

const LOOKS: Readonly<Record<Link, Look>> = {
  environment: ({ settings, injection }) => {
    const bad =
      settings.problems.length > 0 || (injection !== undefined && injection.reason !== "token-file-valid");
    return { state: bad ? "bad" : "ok", text: environmentText({ settings, injection }) };
  },
  network: ({ entra, settings: { captured, proxyWithoutScheme } }) => {
    if (proxyWithoutScheme !== undefined) return { state: "bad", text: `${proxyWithoutScheme} is no URL` };
    if (entra !== undefined)
      return { state: entra.answered ? "ok" : "bad", text: entra.detail + within(entra.ms) };
    if (captured === undefined) return undefined;
    return { state: "unknown", text: `${captured.variable} leads to ${captured.proxy}` };
  },
  clock: ({ clock }) => {
    if (clock === undefined) return { state: "unknown", text: "nobody with another clock answered" };
    return { state: Math.abs(clock.aheadMs) > CLOCK_TOLERANCE_MS ? "bad" : "ok", text: clockWords(clock) };
  },
  health: ({ nmi, plane, settings, proxyPort }) => {
    if (plane.kind === "proxy") {
      const text = `localhost:${settings.proxyPort} is ${proxyPort === undefined ? "not " : ""}the migration proxy`;
      return { state: proxyPort === undefined ? "bad" : "ok", text };
    }
    if (nmi === undefined || plane.kind !== "nmi") return undefined;
    return { state: nmi.reason === "active" ? "ok" : "bad", text: nmi.detail + within(nmi.ms) };
  },
  route: ({ route, plane }) => {
    const expected = EXPECTED_ROUTES[plane.kind];
    if (route === undefined || expected === undefined) return undefined;
    const state = expected.includes(route.route) ? "ok" : route.route === "unknown" ? "unknown" : "bad";
    return { state, text: answererWords(route) + within(route.ms) };
  },
  token: ({ token }) => ({
    state: token.outcome === "token" ? "ok" : stateWithout(token),
    text: tokenText(token),
  }),
  claims: ({ token, settings }) => {
    if (token.outcome === "failed") {
      const { saw } = token;
      return saw === undefined ? undefined : { state: "bad", text: `oid ${saw.objectId ?? "unreadable"}` };
    }
    if (token.outcome !== "token") return undefined;
    const { objectId, clientId } = token.identity ?? {};
    const named = [
      `oid ${objectId ?? "unreadable"}`,
      ...(clientId === undefined ? [] : [`client ID ${clientId}`]),
    ];
    const checked = settings.expected.any ? ", as expected" : "; nothing is expected";
    return { state: settings.expected.any ? "ok" : "unknown", text: named.join(", ") + checked };
  },
};

/** The chain, link by link. Pure. */
export function linkStates(seen: Observations): readonly LinkState[] {
  return LINKS.flatMap((link) => {
    const state = LOOKS[link](seen);
    return state === undefined ? [] : [{ link, ...state }];
  });
}

function environmentText({
  settings,
  injection,
}: Pick<Observations, "settings"> & { injection: Observations["injection"] }): string {
  if (injection !== undefined) return injection.detail;
  const { problems, hostIp, clientId, expected, gate } = settings;
  if (problems.length > 0) return problems.map(({ name, value }) => `${name} is ${value}`).join("; ");
  return [
    `gate ${gate}`,
    ...(hostIp === undefined ? [] : [`HOST_IP ${hostIp}`]),
    ...(clientId === undefined ? [] : [`client ID ${clientId}`]),
    ...(expected.any ? [`expects ${expected.objectIds.join(" or ") || "an identity"}`] : ["expects nobody"]),
  ].join(", ");
}

function stateWithout(token: TokenLook): "bad" | "unknown" {
  return token.outcome === "not-asked" ? "unknown" : "bad";
}

function tokenText(token: TokenLook): string {
  switch (token.outcome) {
    case "token":
      return `had${within(token.ms)}, good for ${formatDuration(Math.round(token.expiresInMs / 60_000) * 60_000)}`;
    case "not-asked":
      return `not asked for: ${token.why}`;
    case "gate-closed":
      return `not asked for: the gate is closed (${token.reason})`;
    case "pending":
      return `no answer within ${took(token.ms)}`;
    case "failed":
      return token.reason + within(token.ms);
  }
}
