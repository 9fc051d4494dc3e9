// The least that a look at NMI's health can cost in Node.js: one request, and nothing else.
const { get } = require("node:http");
get(process.env.AZURE_IDENTITY_GUARD_NMI_URL, { agent: false }, (response) => {
  response.on("data", (body) => process.exit(String(body) === "Active" ? 0 : 1));
});
