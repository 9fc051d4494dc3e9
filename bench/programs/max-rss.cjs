// Tells the one who started this process how much memory it has had at most, in KiB; as the last thing it does.
const { writeSync } = require("node:fs");
process.on("exit", () => writeSync(2, `${process.resourceUsage().maxRSS}\n`));
