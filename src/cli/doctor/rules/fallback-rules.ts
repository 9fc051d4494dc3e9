import type { Rule } from "../rule.js";
import { took } from "../words.js";
import { message } from "./token-conditions.js";

/** What the library itself says, where no other rule knows more. */
export const FALLBACK_RULES: readonly Rule[] = [
  {
    id: "gate-closed",
    title: "The gate is closed",
    link: "health",
    likelihood: "likely",
    fallback: true,
    when: ({ token }) => token.outcome === "gate-closed",
    seen: ({ token }) => (token.outcome === "gate-closed" ? `${token.reason}: ${token.detail}` : ""),
    meaning: "No token is asked for, since it might be another identity's.",
    fix: ({ token }) => ({
      text: (token.outcome === "gate-closed" ? token.remedy : undefined) ?? "Run doctor again.",
    }),
    source: "azure-identity-guard src/gate",
  },
  {
    id: "token-refused",
    title: "No token was had",
    link: "token",
    likelihood: "likely",
    fallback: true,
    when: ({ token }) => token.outcome === "failed",
    seen: (seen) => (seen.token.outcome === "failed" ? `${seen.token.reason}: ${message(seen)}` : ""),
    meaning: ({ token }) => (token.outcome === "failed" ? token.meaning : ""),
    fix: ({ token }) => ({ text: token.outcome === "failed" ? token.remedy : "" }),
    source: "azure-identity-guard src/retry (classification tables)",
  },
  {
    id: "token-pending",
    title: "Nobody answered the token request",
    link: "token",
    likelihood: "likely",
    fallback: true,
    when: ({ token }) => token.outcome === "pending",
    seen: ({ token }) => `no answer within ${took(token.outcome === "pending" ? token.ms : 0)}`,
    meaning: "The plane takes its time, or a firewall drops the packets.",
    fix: { text: "Give it more time:", lines: ["azure-identity-guard doctor --timeout 60s"] },
    source: "azure-identity-guard README, Command line",
  },
];
