/** Rules that hold at times, with real traffic: the kernel keeps to them, with and without an agent. */

import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";

import type { ListedRule } from "../../agent/service/contract.ts";
import { AgentHome } from "../harness/agent.ts";
import { type Lab, makeLab } from "../harness/netns.ts";
import { requires, root } from "../harness/require.ts";
import { Traffic } from "../faults/traffic.ts";

const PORT = { always: 5001, never: 5002, ending: 5003, commanded: 5004 };
/** The day before yesterday is neither today nor tomorrow, in whatever zone and however long this takes. */
const ANOTHER_DAY = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"][(new Date().getDay() + 5) % 7]!;

const rule = (name: string, port: number, when: string): string =>
  `  - { name: ${name}, action: block, enforce: true, direction: ingress, ${when}, layer4: { protocol: udp, destination_ports: [${port}] } }`;

const config = (expires: Date): string => `
mode: prevent
interfaces: { include: [eth0] }
rules:
${rule("always", PORT.always, 'schedule: [{ from: "00:00", to: "12:00" }, { from: "12:00", to: "24:00" }]')}
${rule("never", PORT.never, `schedule: [{ days: [${ANOTHER_DAY}] }]`)}
${rule("ending", PORT.ending, `expires: "${expires.toISOString()}"`)}
`;

describe("rules that hold at times", requires(root()), () => {
  let lab: Lab;
  let agent: AgentHome;
  let traffic: Traffic;

  before(async () => {
    lab = await makeLab();
    agent = await AgentHome.make(lab, "server");
    await agent.start({ config: config(new Date(Date.now() + 3_600_000)) });
    traffic = await Traffic.start(lab, Object.values(PORT), 10);
  });

  after(async () => {
    await agent[Symbol.asyncDispose]();
    await lab[Symbol.asyncDispose]();
  });

  it("block on their schedule, and at no other time", async () => {
    await traffic.more(PORT.never, true);
    await traffic.endsAt(PORT.always, PORT.never);
    await traffic.endsAt(PORT.ending, PORT.never);
    const { stdout } = await agent.attempt(
      "explain",
      "--in",
      "eth0",
      "--src",
      lab.end("client:eth0").ipv4,
      "--dst",
      lab.end("server:eth0").ipv4,
      "--proto",
      "udp",
      "--dport",
      String(PORT.never),
    );
    assert.match(stdout, new RegExp(`${ANOTHER_DAY} 00:00-24:00`));
  });

  it("end when the file says so, which is told, and those of a reload that are over already are left out", async () => {
    await agent.configure(config(new Date(Date.now() + 2000)));
    await agent.weir("reload");
    await traffic.more(PORT.ending, true);
    await agent.auditLine(/ RULE-EXPIRED rules=ending generation=\d+/);
    assert.match((await agent.weir("reload")) + agent.said, /rule \\?"ending\\?" is left out: it expired at /);
    const ending = (JSON.parse(await agent.weir("rule", "list", "--json")) as ListedRule[]).find(({ name }) => name === "ending");
    assert.ok(ending?.expires !== undefined && Date.parse(ending.expires) <= Date.now(), JSON.stringify(ending));
    await traffic.endsAt(PORT.always, PORT.never);
  });

  it("end and go on without an agent", async () => {
    await agent.weir("rule", "add", "--action", "block", "--enforce", "--proto", "udp", "--port", String(PORT.commanded), "--for", "4s");
    await agent.configure(config(new Date(Date.now() + 4000)));
    await agent.weir("reload");
    await agent.stop("SIGKILL");
    await traffic.more(PORT.commanded, true);
    await traffic.more(PORT.ending, true);
    await traffic.endsAt(PORT.always, PORT.never);
    await agent.restart();
    await agent.auditLine(/ RULE-EXPIRED rules=d1:d1 generation=\d+/);
    await traffic.more(PORT.commanded, true);
    await traffic.endsAt(PORT.always, PORT.never);
  });
});
