/** Keeps warnings of this library off standard error: the findings say the same. Others are printed as before. */
export function withoutOwnWarnings(): void {
  const printers = process.listeners("warning");
  process.removeAllListeners("warning").on("warning", (warning) => {
    if (warning.name !== "IdentityGuardWarning") printers.forEach((print) => print(warning));
  });
}
