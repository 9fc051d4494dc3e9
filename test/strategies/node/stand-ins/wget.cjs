// Stands in for BusyBox's wget, which the machine need not have: `wget [-q] [-O FILE|-] [-T SECONDS] [--spider] URL` asks once
// and looks at the status alone. Status 200 to 299 ends with 0; every other one, and none, with 1.
"use strict";

const { get } = require("node:http");
const { writeFileSync } = require("node:fs");

const given = { quiet: false, output: undefined, url: undefined, spider: false, seconds: 900 };
const words = process.argv.slice(2).flatMap((word) => {
  // -qO- is -q -O -.
  const [, quiet, rest] = /^-(q)(.+)$/u.exec(word) ?? [];
  const parts = quiet === undefined ? [word] : ["-q", `-${rest}`];
  return parts.flatMap((part) => (/^-[OT]./u.test(part) ? [part.slice(0, 2), part.slice(2)] : [part]));
});
while (words.length > 0) {
  const word = words.shift();
  if (word === "-q") given.quiet = true;
  else if (word === "--spider") given.spider = true;
  else if (word === "-O") given.output = words.shift();
  else if (word === "-T") given.seconds = Number(words.shift());
  else if (word?.startsWith("-")) fail(`wget: this stand-in does not know ${word}`);
  else given.url = word;
}

function fail(message) {
  process.stderr.write(`${message}\n`);
  process.exit(1);
}

setTimeout(() => fail("wget: download timed out"), given.seconds * 1000);
get(given.url, { agent: false, headers: { "User-Agent": "Wget" } }, (response) => {
  const chunks = [];
  response.on("data", (chunk) => chunks.push(chunk));
  response.on("end", () => {
    const { statusCode = 0, statusMessage } = response;
    if (statusCode < 200 || statusCode > 299)
      fail(`wget: server returned error: ${statusCode} ${statusMessage}`);
    const body = Buffer.concat(chunks);
    if (given.output === "-") process.stdout.write(body);
    else if (!given.spider && given.output !== undefined) writeFileSync(given.output, body);
    process.exitCode = 0;
    process.stdout.end(() => process.exit(0));
  });
}).on("error", ({ message }) => fail(`wget: ${message}`));
