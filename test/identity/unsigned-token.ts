const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString("base64url");

/** A JWT that nobody signed, with these claims. */
export function unsignedToken(claims: object): string {
  return `${encode({ alg: "RS256", typ: "JWT" })}.${encode(claims)}.${Buffer.from("no signature").toString("base64url")}`;
}

export const OID = "11111111-aaaa-4bbb-8ccc-000000000001";
export const OTHER_OID = "22222222-aaaa-4bbb-8ccc-000000000002";
export const CLIENT_ID = "33333333-aaaa-4bbb-8ccc-000000000003";
export const TENANT_ID = "44444444-aaaa-4bbb-8ccc-000000000004";
export const RESOURCE_ID =
  "/subscriptions/55555555-aaaa-4bbb-8ccc-000000000005/resourcegroups/g/providers/Microsoft.ManagedIdentity/userAssignedIdentities/orders";
