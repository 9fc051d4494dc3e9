/**
 * Errors of Entra ID that the simulator knows.
 *
 * @public
 */
export type EntraErrorCode =
  | "AADSTS50001"
  | "AADSTS50027"
  | "AADSTS70003"
  | "AADSTS70021"
  | "AADSTS90002"
  | "AADSTS90061"
  | "AADSTS500011"
  | "AADSTS700016"
  | "AADSTS700024"
  | "AADSTS700027"
  | "AADSTS700211"
  | "AADSTS700212"
  | "AADSTS700213"
  | "AADSTS900144"
  | "AADSTS900561"
  | "AADSTS1002012"
  | "AADSTS7000215"
  | "AADSTS7000218"
  | "AADSTS7000272";

export interface EntraErrorRow {
  readonly status: number;
  readonly error: string;
  readonly text: string;
}

const FEDERATION = "https://learn.microsoft.com/entra/workload-id/workload-identity-federation";
const CERTIFICATES = "https://learn.microsoft.com/entra/identity-platform/certificate-credentials";
const NO_RECORD = "No matching federated identity record found for presented assertion";
const NOT_INSTALLED =
  "This can happen if the application has not been installed by the administrator of the tenant or consented to by any " +
  "user in the tenant.";

/**
 * Statuses and texts as in public captures: Azure/azure-workload-identity issues 340, 605, 616, 1200 and 1232,
 * Azure/azure-sdk-for-python issue 8314, AzureAD/microsoft-authentication-library-for-java issue 984, azure-cli issue 22145,
 * and "Microsoft Entra authentication & authorization error codes". They change without notice: 70021 came with 401
 * `invalid_client` in 2023 (external-secrets issue 2783).
 */
export const ENTRA_ERRORS: Readonly<Record<EntraErrorCode, EntraErrorRow>> = {
  AADSTS50001: {
    status: 400,
    error: "invalid_resource",
    text: "The application named {resource} was not found in the tenant named {tenant}. " + NOT_INSTALLED,
  },
  AADSTS50027: { status: 401, error: "invalid_client", text: "JWT token is invalid or malformed." },
  AADSTS70003: {
    status: 400,
    error: "unsupported_grant_type",
    text: "The app requested an unsupported grant type '{grantType}'.",
  },
  AADSTS70021: {
    status: 400,
    error: "invalid_request",
    text:
      `${NO_RECORD}. Assertion Issuer: '{issuer}'. Assertion Subject: '{subject}'. ` +
      "Assertion Audience: '{audience}'.",
  },
  AADSTS90002: {
    status: 400,
    error: "invalid_tenant",
    text:
      "Tenant '{tenant}' not found. Check to make sure you have the correct tenant ID and are signing into the correct " +
      "cloud. Check with your subscription administrator, this may happen if there are no active subscriptions for the tenant.",
  },
  AADSTS90061: {
    status: 400,
    error: "invalid_request",
    text: "Request to External OIDC endpoint failed.",
  },
  AADSTS500011: {
    status: 400,
    error: "invalid_resource",
    text:
      `The resource principal named {resource} was not found in the tenant named {tenant}. ${NOT_INSTALLED} ` +
      "You might have sent your authentication request to the wrong tenant.",
  },
  AADSTS700016: {
    status: 400,
    error: "unauthorized_client",
    text:
      `Application with identifier '{application}' was not found in the directory '{tenant}'. ${NOT_INSTALLED} ` +
      "You may have sent your authentication request to the wrong tenant.",
  },
  AADSTS700024: {
    status: 401,
    error: "invalid_client",
    text:
      "Client assertion is not within its valid time range. Current time: {now}, assertion valid from {validFrom}, " +
      `expiry time of assertion {validTo}. Review the documentation at ${CERTIFICATES} .`,
  },
  AADSTS700027: {
    status: 401,
    error: "invalid_client",
    text:
      "Client assertion contains an invalid signature. [Reason - The provided signature value did not match the expected " +
      "signature value., Thumbprint of key used by client: '{key}']",
  },
  AADSTS700211: { status: 401, error: "invalid_client", text: `${NO_RECORD} issuer '{issuer}'.` },
  AADSTS700212: { status: 401, error: "invalid_client", text: `${NO_RECORD} audience '{audience}'.` },
  AADSTS700213: {
    status: 401,
    error: "invalid_client",
    text:
      `${NO_RECORD} subject '{subject}'. Check your federated identity credential Subject, Audience and Issuer against ` +
      `the presented assertion. ${FEDERATION}`,
  },
  AADSTS900144: {
    status: 400,
    error: "invalid_request",
    text: "The request body must contain the following parameter: '{parameter}'.",
  },
  AADSTS900561: {
    status: 400,
    error: "invalid_request",
    text: "The endpoint only accepts POST requests. Received a {method} request.",
  },
  AADSTS1002012: {
    status: 400,
    error: "invalid_scope",
    text:
      "The provided value for scope {scope} is not valid. Client credential flows must have a scope value with /.default " +
      "suffixed to the resource identifier (application ID URI).",
  },
  AADSTS7000215: {
    status: 401,
    error: "invalid_client",
    text:
      "Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, not the " +
      "client secret ID, for a secret added to app '{application}'.",
  },
  AADSTS7000218: {
    status: 401,
    error: "invalid_client",
    text: "The request body must contain the following parameter: 'client_assertion' or 'client_secret'.",
  },
  AADSTS7000272: {
    status: 401,
    error: "invalid_client",
    text:
      "The certificate with identifier {key} used to sign the federated credential could not be found in the metadata of " +
      "identity provider {issuer}. Please validate that your Identity Provider's metadata exposes the key used to sign the " +
      "incoming token.",
  },
};
