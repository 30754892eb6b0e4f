import { AGENT_OPTIONS, type Command, JSON_OUTPUT } from "../arguments.ts";
import { MODES } from "../../values/traffic.ts";
import { endpoint } from "../format.ts";
import { askAgent } from "../not-running.ts";
import { note, print, printJson } from "../print.ts";
import { operatorSession } from "../own-session.ts";
import { warnOfWay } from "../session-way.ts";

export const command: Command = {
  usage: "mode [detect|prevent] [--json] [--socket PATH]",
  about:
    "Shows the mode, or switches it while all programs stay attached. In detect nothing is dropped. In prevent, rules with " +
    "`enforce: true` drop what they block. The switch holds until the `mode` in the file changes. A failsafe for your own " +
    "SSH connection is added, so that the switch cannot cut it. If your connection comes through a VPN that weir cannot " +
    "look into, you are told before the switch what to do.",
  options: { json: JSON_OUTPUT, ...AGENT_OPTIONS },
  words: [0, 1],
  examples: [
    ["weir mode", "which mode holds"],
    ["weir mode prevent", "let enforced rules drop from now on"],
    ["weir mode detect", "stop dropping at once"],
  ],
  async run(call) {
    const [word] = call.words;
    const wanted = word === undefined ? undefined : call.choice("the mode", word, MODES);
    if (wanted === undefined) {
      const status = await askAgent(call, (client) => client.status());
      if (status === undefined) return 1;
      const { mode } = status;
      if (call.has("json")) printJson({ mode });
      else print(mode);
      return 0;
    }
    const session = wanted === "detect" ? operatorSession(process.env, 0) : operatorSession(); // a switch to detect needs no session
    const warning = wanted === "prevent" && session ? warnOfWay(session) : undefined;
    if (warning !== undefined) note(warning);
    const change = await askAgent(call, (client) => client.setMode(wanted, session));
    if (change === undefined) return 1;
    if (call.has("json")) {
      printJson(change);
      return 0;
    }
    print(
      change.previous === change.mode
        ? `The mode is ${change.mode}, as before.`
        : `The mode is ${change.mode} now; it was ${change.previous}.`,
    );
    if (session)
      note(`Your connection from ${endpoint({ address: session.address, port: session.remote_port })} passes whatever the rules say.`);
    return 0;
  },
};
