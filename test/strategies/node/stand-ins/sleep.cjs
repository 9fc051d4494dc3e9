// Stands in for `sleep SECONDS`: by the clock of the cell, which virtual-time.cjs has put in place of the machine's.
"use strict";

const seconds = process.argv.slice(2).map((given) => (given === "infinity" ? Infinity : Number(given)));
if (seconds.length === 0 || seconds.some((each) => Number.isNaN(each))) {
  process.stderr.write("sleep: give one or more numbers of seconds\n");
  process.exit(1);
}
const LONGEST_MS = 2_147_483_647;
setTimeout(
  () => process.exit(0),
  Math.min(
    LONGEST_MS,
    seconds.reduce((sum, each) => sum + each * 1000, 0),
  ),
);
