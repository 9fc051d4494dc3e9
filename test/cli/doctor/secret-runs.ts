/** As Entra ID makes them: 40 characters, with those that only secrets have. */
export const CLIENT_SECRET = "Qx8Q~vT3kZr.1bWm9LcYh7JdPs0fGu_2nEaRtK4w";

const RUN = 12;

/**
 * The runs of 12 characters of `secret` that `text` has; hosts are written in small letters. A report of a test that
 * fails shows them, which is no loss.
 */
export function runsOf(secret: string, text: string): readonly string[] {
  const within = text.toLowerCase();
  return Array.from({ length: secret.length - RUN + 1 }, (_, start) =>
    secret.slice(start, start + RUN).toLowerCase(),
  ).filter((run) => within.includes(run));
}
