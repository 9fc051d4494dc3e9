import type { ConfigurationProblem } from "../errors.js";
import { readAssertion } from "../identity/assertion-claims.js";
import { showValue } from "../identity/show-value.js";

/** What the Workload ID webhook injects, or the options that stand for it. */
export interface WorkloadInjection {
  readonly clientId: string | undefined;
  readonly tenantId: string | undefined;
  readonly tokenFilePath: string | undefined;
  /** Optional: without it `@azure/identity` asks the public cloud. */
  readonly authorityHost: string | undefined;
}

/** The variables (azure-workload-identity pkg/webhook/consts.go), in the order in which they are reported. */
const VARIABLES: Readonly<Record<keyof WorkloadInjection, string>> = {
  clientId: "AZURE_CLIENT_ID",
  tenantId: "AZURE_TENANT_ID",
  tokenFilePath: "AZURE_FEDERATED_TOKEN_FILE",
  authorityHost: "AZURE_AUTHORITY_HOST",
};

const FIELDS = ["clientId", "tenantId", "tokenFilePath", "authorityHost"] as const;
const REQUIRED = ["clientId", "tenantId", "tokenFilePath"] as const;

interface FormRule {
  readonly accepts: (value: string) => boolean;
  readonly expected: string;
  /** In place of a value that is never quoted. */
  readonly shown?: string;
}

/** A value that cannot be used. */
export interface InvalidVariable extends ConfigurationProblem {
  /** What stands for the variable, and may have given the value. */
  readonly option: keyof WorkloadInjection;
}

const GUID = /^[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}$/iu;

const FORMS: Readonly<Record<keyof WorkloadInjection, FormRule>> = {
  clientId: {
    accepts: (value) => GUID.test(value),
    expected:
      "the identity's client ID, a GUID, as the service account's annotation azure.workload.identity/client-id names it",
  },
  tenantId: {
    // @azure/identity util/tenantIdUtils.ts (checkTenantId)
    accepts: (value) => /^[\da-z.-]+$/iu.test(value),
    expected: "the tenant's ID",
  },
  tokenFilePath: {
    // A path may be anything: what is not there is said by who reads it.
    accepts: (value) => readAssertion(value.trim()) === undefined,
    expected: "the path of the file that holds the service account token",
    shown: "a token itself",
  },
  authorityHost: {
    // @azure/identity client/identityClient.ts insists on it.
    accepts: (value) => URL.canParse(value) && new URL(value).protocol === "https:",
    expected: "a whole URL that begins with https://, such as https://login.microsoftonline.com/",
  },
};

/** The names of the variables that are missing. */
export function missingVariables(injection: WorkloadInjection): readonly string[] {
  return REQUIRED.filter((field) => injection[field] === undefined).map((field) => VARIABLES[field]);
}

/** The variables whose values cannot be used. */
export function invalidVariables(injection: WorkloadInjection): readonly InvalidVariable[] {
  return FIELDS.flatMap((option) => {
    const value = injection[option];
    const { accepts, expected, shown } = FORMS[option];
    return value === undefined || accepts(value)
      ? []
      : [{ name: VARIABLES[option], option, value: shown ?? showValue(value), expected }];
  });
}

/** Whether Workload ID can be asked at all. */
export function isInjected(injection: WorkloadInjection): boolean {
  return missingVariables(injection).length === 0 && invalidVariables(injection).length === 0;
}
