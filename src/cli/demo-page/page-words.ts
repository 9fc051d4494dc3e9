import type { Service } from "../demo-events.js";

/** How the page calls whom. */
export const WHO_WORDS: Readonly<Record<Service | "you", string>> = {
  plain: "plain SDK",
  guarded: "guard",
  you: "you",
};

/** For screen readers: changes when somebody gets a wrong token for the first time, and not with every second. */
export function announcementWords(plainWrong: number, guardedWrong: number): string {
  const got = (wrong: number): string => (wrong > 0 ? "has handed out wrong tokens" : "has handed out none");
  return `Wrong tokens: the plain SDK ${got(plainWrong)}, the guard ${got(guardedWrong)}.`;
}
