/** Has the warnings of this library printed as lines of the command's own, without what Node.js adds. Others stay as they are. */
export function printOwnWarnings(print: (message: string) => void): void {
  const printers = process.listeners("warning");
  process.removeAllListeners("warning").on("warning", (warning) => {
    if (warning.name === "IdentityGuardWarning") print(warning.message);
    else printers.forEach((each) => each(warning));
  });
}
