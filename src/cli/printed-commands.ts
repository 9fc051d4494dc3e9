import type { CommandRow } from "./command.js";
import { HELP_FLAG, JSON_FLAG, ownFlag, USAGE } from "./flag-table.js";
import { demo, printers } from "./load-command.js";
import { STRATEGY_NAMES, strategyLines } from "./manifests/strategy-names.js";
import { SERVE_PORT } from "./serve-port.js";
import { SHELLS } from "./shells.js";

/** Commands for people: they print, and no pod needs them. `commands` are all there are. */
export function printedCommands(commands: () => readonly CommandRow[]): readonly CommandRow[] {
  return [
    {
      name: "manifest",
      operand: "STRATEGY",
      choices: STRATEGY_NAMES,
      summary: "Print a pod that places the check as a strategy does.",
      description: ["Strategies, with what each catches:", ...strategyLines()],
      examples: [
        ["manifest nmi-in-code --image APP --oid OID", "the pod spec, with comments"],
        ["manifest nmi-init --image APP --cli-image CLI", "an application in another language"],
      ],
      flags: [
        ownFlag("--image", { kind: "text", value: "IMAGE", doc: "Image of the application." }),
        ownFlag("--cli-image", {
          kind: "text",
          value: "IMAGE",
          default: "that of the application",
          doc: "Image with this command line, for init containers and the sidecar.",
        }),
        ownFlag("--oid", {
          kind: "text",
          value: "OID",
          doc: "Object ID (principal ID) of the identity: whose tokens are taken, where some are looked at.",
        }),
        ownFlag("--port", {
          kind: "targetPort",
          default: String(SERVE_PORT),
          doc: "Port of the probe endpoints.",
        }),
        JSON_FLAG,
        HELP_FLAG,
      ],
      exits: [[0, "printed"], USAGE],
      load: () => printers().manifest,
    },
    {
      name: "completion",
      operand: "SHELL",
      choices: SHELLS,
      summary: "Print a script that completes commands and flags in a shell.",
      description: ["For bash, zsh and fish; the script says in its first lines where it goes."],
      examples: [
        ["completion bash", "source <(azure-identity-guard completion bash), in ~/.bashrc"],
        ["completion fish", "into ~/.config/fish/completions/azure-identity-guard.fish"],
      ],
      flags: [HELP_FLAG],
      exits: [[0, "printed"], USAGE],
      load: () => printers().completion(commands()),
    },
    {
      name: "demo",
      summary: "Show the plain SDK and the guard side by side on a simulated node.",
      description: [
        "A node scales out, and its identity agent (NMI) is restarted soon after. Both",
        "live through it in processes of their own, against one simulated node on",
        "loopback. Takes about 21 s, and needs no network and no Azure. With --page you",
        "break the node yourself, in the browser, until Ctrl+C ends it.",
      ],
      examples: [
        ["demo", "a timeline, and what to make of it"],
        ["demo --page", "a page with buttons: make the guard hand out a wrong token"],
        ["demo --json", "events as lines of JSON, the verdict last"],
      ],
      flags: [
        ownFlag("--page", {
          kind: "switch",
          doc: "Serves a page with both sides and buttons that break the node.",
        }),
        ownFlag("--port", { kind: "port", default: "a free one", doc: "Port of the page, on 127.0.0.1." }),
        JSON_FLAG,
        HELP_FLAG,
      ],
      exits: [[0, "the guard kept what it promises"], [1, "it did not, or the demo could not run"], USAGE],
      load: demo,
    },
  ];
}
