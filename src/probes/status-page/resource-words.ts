import { publicKey } from "../../health/public-key.js";
import { cut } from "./markup.js";

/** What a token is for. Without details only Azure's own resources have a name. */
export function resourceWords(key: string, details: boolean): string {
  const shown = publicKey(key, details);
  return shown === "other" ? "another resource" : cut(shown, 300);
}
