import { fileURLToPath } from "node:url";
import { Application } from "../../support/register.js";

/** Runs `app.mjs` of a folder below examples/, which finds the package by its name, as any application does. */
export async function startExample(
  folder: string,
  environment: Readonly<Record<string, string>>,
): Promise<Application> {
  const file = fileURLToPath(new URL(`../../../../examples/${folder}/app.mjs`, import.meta.url));
  return await Application.start(file, "none", environment);
}
