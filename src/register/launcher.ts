import { statSync } from "node:fs";
import { basename } from "node:path";

/**
 * Programs that start the application in a process of its own, and this library's own: they get the application's
 * environment, and are not the application. A probe server in `npm start` would have the port that the application's needs,
 * and say that all is well.
 */
const NAMES = ["npm", "npx", "pnpm", "pnpx", "yarn", "yarnpkg", "corepack", "azure-identity-guard"];
const RUNNERS = [
  "tsx",
  "nodemon",
  "node-dev",
  "ts-node-dev",
  "concurrently",
  "pm2",
  "pm2-runtime",
  "forever",
];

/** `npm-cli.js` and `yarn-4.5.0.cjs` are the names of files behind the links. */
const LAUNCHER = new RegExp(
  `^(?:${[...NAMES, ...RUNNERS].join("|")})(?:-cli)?(?:-\\d[\\w.-]*?)?(?:\\.[cm]?js)?$`,
  "u",
);

/** Whether the script is a launcher; a folder of that name, as in `node .`, is not. */
export function isLauncher(script: string | undefined): boolean {
  return script !== undefined && LAUNCHER.test(basename(script)) && !isFolder(script);
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}
