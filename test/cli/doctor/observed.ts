import type { FailedToken, Observations } from "../../../src/cli/doctor/observations.js";

export const OID = "5ffbcc09-ae3e-4cf2-8b74-fd07eb05afeb";
export const CLIENT_ID = "a9a972a7-cf75-498d-8c03-cf1ba08d8a34";

export const HEALTH_URL = "http://10.240.0.4:8085/healthz";

/** A pod with AAD Pod Identity where nothing is wrong. */
export const HEALTHY: Observations = {
  pod: { inKubernetes: true, name: "app-6d4b75cb6d-hs5gr", namespace: "shop" },
  settings: {
    gate: "auto",
    hostIp: "10.240.0.4",
    nmiUrl: HEALTH_URL,
    nmiUrlFrom: "HOST_IP",
    metadataUrl: "http://169.254.169.254",
    proxyPort: 8000,
    clientId: CLIENT_ID,
    expected: { objectIds: [OID], any: true },
    onHostNetwork: false,
    problems: [],
    warnings: [],
  },
  plane: { kind: "nmi", why: "HOST_IP is given" },
  nmi: { url: HEALTH_URL, reason: "active", detail: `${HEALTH_URL} says Active`, ms: 3 },
  route: { route: "nmi", detail: "the token path answered 400 without a Server header", ms: 2 },
  token: {
    outcome: "token",
    ms: 60,
    identity: { objectId: OID, clientId: CLIENT_ID },
    expiresInMs: 86_000_000,
  },
};

/** The same with other settings. */
export function settings(changes: Partial<Observations["settings"]>): Pick<Observations, "settings"> {
  return { settings: { ...HEALTHY.settings, ...changes } };
}

export function failure(reason: string, more: Partial<FailedToken> = {}): Pick<Observations, "token"> {
  return {
    token: {
      outcome: "failed",
      ms: 900,
      reason,
      message: `seen: ${reason}`,
      meaning: "What it means.",
      remedy: "What to do.",
      ...more,
    },
  };
}

export function health(
  reason: NonNullable<Observations["nmi"]>["reason"],
  more = {},
): Pick<Observations, "nmi"> {
  return { nmi: { url: HEALTH_URL, reason, detail: `${HEALTH_URL}: ${reason}`, ms: 3, ...more } };
}

const DETAILS: Readonly<Record<NonNullable<Observations["route"]>["route"], string>> = {
  nmi: "the token path answered 400 without a Server header",
  imds: "the token path answered 400 with a Server header",
  proxy: "the token path answered 400 with a Server header",
  unknown: "the token path answered 400 with a Server header",
  unreachable: "no connection to the token path: ECONNREFUSED",
};

export function route(
  who: keyof typeof DETAILS,
  detail: string = DETAILS[who],
): Required<Pick<Observations, "route">> {
  return { route: { route: who, detail, ms: 2 } };
}

export function plane(kind: Observations["plane"]["kind"]): Pick<Observations, "plane"> {
  return { plane: { kind, why: "it was seen" } };
}

export const PENDING: Pick<Observations, "token"> = { token: { outcome: "pending", ms: 5_000 } };

/** A service account token that is in order. */
export const INJECTED: Pick<Observations, "injection"> = {
  injection: {
    reason: "token-file-valid",
    detail: "the service account token expires in 50m",
    missing: [],
    issuer: "https://oidc.example/",
    subject: "system:serviceaccount:shop:app",
    audience: ["api://AzureADTokenExchange"],
    expiresInMs: 3_000_000,
  },
};

export function injection(
  changes: Partial<NonNullable<Observations["injection"]>>,
): Required<Pick<Observations, "injection">> {
  return {
    injection: { reason: "token-file-valid", detail: "", missing: [], ...INJECTED.injection, ...changes },
  };
}
