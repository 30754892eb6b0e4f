/**
 * `npm run picture`: records the live view of `weir run` in a network namespace, in detect and then in prevent, and draws
 * the two screens as agent/cli/view.svg. The terminal is the one of script(1).
 */

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { stripVTControlCharacters } from "node:util";

import { AgentHome } from "../harness/agent.ts";
import { eventually } from "../harness/eventually.ts";
import { makeLab } from "../harness/netns.ts";
import { drawScreens } from "./screens.ts";

const PICTURE = join(import.meta.dirname, "../../agent/cli/view.svg");
const COLUMNS = 112;
const START_MS = 90_000;
const RULES = `
interfaces: { include: [eth0] }
rules:
  - { name: no-telnet-in, action: block, enforce: true, direction: ingress, layer4: { protocol: tcp, destination_ports: [23] } }
  - { name: dns-out, action: block, direction: egress, layer4: { protocol: udp, destination_ports: [53] } }
`;

await using lab = await makeLab();
await using home = await AgentHome.make(lab, "server");
await home.configure(RULES);
const [client, server] = [lab.end("client:eth0").ipv4, lab.end("server:eth0").ipv4];
lab.spawn("server", ["nc", "-lk", "23"], { stdio: "ignore" });
const run = `stty cols ${COLUMNS} rows 40; exec ${home.launcher} run --start-within 60s --config ${home.configPath}`;
const terminal = lab.spawn("server", ["script", "-qfc", run, "/dev/null"], {
  stdio: ["pipe", "pipe", "inherit"],
  env: { ...process.env, TERM: "xterm-256color" },
});
let shown = "";
terminal.stdout!.setEncoding("utf8").on("data", (text: string) => (shown += text));

await eventually("the agent runs", () => /weir runs[^\n]*\n/.test(shown), START_MS);
const begin = shown.indexOf("\n", shown.indexOf("weir runs")) + 1;
const detect = await screenAfter(/DETECTED +no-telnet-in/);
await home.weir("mode", "prevent");
const prevent = await screenAfter(/BLOCKED +no-telnet-in/);
terminal.stdin!.write("\x03");
await eventually("the agent has ended", () => terminal.exitCode !== null, START_MS);
writeFileSync(PICTURE, drawScreens([detect, prevent], COLUMNS));

/** What the terminal has shown when the event of a visit, and the counters of a second later, are on it. */
async function screenAfter(event: RegExp): Promise<string> {
  await lab.attempt("server", "sh", "-c", `echo query | nc -u -w 1 ${client} 53`);
  await lab.attempt("client", "nc", "-z", "-w", "1", server, "23");
  await eventually(`${event} is shown`, () => event.test(stripVTControlCharacters(shown)), START_MS);
  const length = shown.length;
  await eventually("three more frames", () => shown.slice(length).split("weir 0").length > 4, START_MS);
  return shown.slice(begin, shown.lastIndexOf("\x1b[J") + 3);
}
