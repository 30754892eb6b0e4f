import { AGENT_OPTIONS, type Command } from "../arguments.ts";
import { clientFor } from "../paths.ts";
import { printWhole } from "../print.ts";

export const command: Command = {
  usage: "metrics [--socket PATH]",
  about: "Prints the agent's metrics in the Prometheus text format, under the names the collector gives them.",
  options: { ...AGENT_OPTIONS },
  examples: [
    ["weir metrics", "everything"],
    ["weir metrics | grep ^weir_packets_total", "packets by direction, interface, protocol and verdict"],
  ],
  async run(call) {
    printWhole(await (await clientFor(call)).metrics());
    return 0;
  },
};
