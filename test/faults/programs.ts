import { pinnedLinks } from "../../agent/kernel/attachment.ts";
import { linkDirectory } from "../../agent/enforce/adoption/leftovers.ts";
import type { AgentHome } from "../harness/agent.ts";
import { eventually } from "../harness/eventually.ts";

/** Ids of the programs that pinned links keep at work. */
export async function programsOf({ lab, namespace, pins }: AgentHome): Promise<Set<number>> {
  const links = linkDirectory(pins);
  const ids = new Set<number>();
  for (const name of pinnedLinks(links)) {
    const link = JSON.parse(await lab.exec(namespace, "bpftool", "-j", "link", "show", "pinned", `${links}/${name}`)) as {
      prog_id: number;
    };
    ids.add(link.prog_id);
  }
  return ids;
}

/** The kernel frees programs a little after their last link has gone. */
export async function allGone({ lab, namespace }: AgentHome, programs: ReadonlySet<number>): Promise<void> {
  for (const id of programs) {
    await eventually(
      `the end of program ${id}`,
      async () => (await lab.attempt(namespace, "bpftool", "prog", "show", "id", String(id))).code !== 0,
    );
  }
}
