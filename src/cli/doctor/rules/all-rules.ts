import type { Rule } from "../rule.js";
import { CLAIMS_RULES } from "./claims-rules.js";
import { CLOCK_RULES } from "./clock-rules.js";
import { ENVIRONMENT_RULES } from "./environment-rules.js";
import { FALLBACK_RULES } from "./fallback-rules.js";
import { FEDERATION_RULES } from "./federation-rules.js";
import { NMI_HEALTH_RULES } from "./nmi-health-rules.js";
import { NMI_ROUTE_RULES } from "./nmi-route-rules.js";
import { NO_PLANE_RULES } from "./no-plane-rules.js";
import { PROXY_RULES } from "./proxy-rules.js";
import { SDK_VARIABLE_RULES } from "./sdk-variable-rules.js";
import { TOKEN_FILE_RULES } from "./token-file-rules.js";
import { TOKEN_RULES } from "./token-rules.js";

/** All that is known, causes before what they lead to: of what is equally likely, the first is told first. */
export const RULES: readonly Rule[] = [
  ...SDK_VARIABLE_RULES,
  ...ENVIRONMENT_RULES,
  ...CLOCK_RULES,
  ...PROXY_RULES,
  ...NMI_HEALTH_RULES,
  ...NMI_ROUTE_RULES,
  ...TOKEN_FILE_RULES,
  ...FEDERATION_RULES,
  ...NO_PLANE_RULES,
  ...TOKEN_RULES,
  ...CLAIMS_RULES,
  ...FALLBACK_RULES,
];
