// A thousand callers ask a cold credential at once. argv: the module that has DefaultAzureCredential, and how many ask.
const [module, callers] = process.argv.slice(2);
const { DefaultAzureCredential } = await import(module);
const credential = new DefaultAzureCredential();
const started = performance.now();
const outcomes = await Promise.allSettled(
  Array.from({ length: Number(callers) }, () => credential.getToken("https://vault.azure.net/.default")),
);
const tokens = outcomes.filter(({ status }) => status === "fulfilled").length;
process.send({ ms: performance.now() - started, tokens, maxRssMiB: process.resourceUsage().maxRSS / 1024 });
process.disconnect();
