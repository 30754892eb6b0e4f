/** The agent stands still while the kernel tells more than its ring holds: what was told, kept and lost still adds up. */

import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";

import { eventCounts } from "../../agent/observe/events/accounts.ts";
import { readEventCounts } from "../../agent/observe/events/counters.ts";
import type { EventCounts } from "../../agent/observe/events/snapshot.ts";
import { Event } from "../../agent/generated/layout.ts";
import { libbpf } from "../../agent/kernel/libbpf.ts";
import { BpfMap } from "../../agent/kernel/maps.ts";
import { Ring } from "../../agent/kernel/ring.ts";
import { AgentHome } from "../harness/agent.ts";
import { eventually } from "../harness/eventually.ts";
import { makeLab } from "../harness/netns.ts";
import { requires, root } from "../harness/require.ts";

/** More than the ring's 8 MB hold, less than there are ports. */
const FLOWS = 60_000;
const FIRST_PORT = 2000;

test("emitted = received + pending + lost, while the agent is stopped, when it goes on, and at rest", requires(root()), async (t) => {
  await using lab = await makeLab();
  await using agent = await AgentHome.make(lab, "server");
  await agent.start({ config: "events_per_second: 1000000\ninterfaces: { include: [eth0], egress: false }" });
  await flood(1);
  const calm = await eventually("the first event", async () => {
    const { events } = (await agent.status()).counters;
    return events.received > 0 && events.pending === 0 && events;
  });
  assertExact(calm);
  assert.equal(calm.lost, 0);

  process.kill(agent.pid, "SIGSTOP");
  let stopped: EventCounts;
  try {
    await flood(FLOWS);
    stopped = countsAt(agent.pins);
  } finally {
    process.kill(agent.pid, "SIGCONT");
  }
  t.diagnostic(JSON.stringify(stopped));
  assertExact(stopped);
  assert.ok(stopped.emitted - calm.emitted >= FLOWS, "each flow was told");
  assert.ok(stopped.lost > 0, "the ring was too small for all");
  assert.ok(stopped.pending > 0);

  assertExact((await agent.status()).counters.events);
  const rest = await eventually("the ring is read to its end", async () => {
    const { events } = (await agent.status()).counters;
    return events.pending === 0 && events;
  });
  assertExact(rest);
  assert.ok(rest.lost >= stopped.lost && rest.received >= stopped.received + stopped.pending);

  async function flood(flows: number): Promise<void> {
    await lab.exec(
      "client",
      process.execPath,
      join(import.meta.dirname, "flood-child.ts"),
      lab.end("server:eth0").ipv4,
      String(FIRST_PORT),
      String(flows),
    );
  }
});

function assertExact(events: EventCounts): void {
  assert.equal(events.emitted, events.received + events.pending + events.lost, JSON.stringify(events));
}

/** From the pinned tables, without the agent. */
function countsAt(pins: string): EventCounts {
  const tables = join(pins, readdirSync(pins).find((name) => name.startsWith("tables-"))!);
  const [events, counters] = ["events", "event_counters"].map((name) => new BpfMap(name, libbpf().get(join(tables, name))));
  const ring = new Ring({ map: events!, recordSize: Event.size, onRecords: () => {} });
  try {
    return eventCounts(
      () => ring.state(),
      ring.stride,
      () => readEventCounts(counters!),
    );
  } finally {
    ring.close();
    events!.close();
    counters!.close();
  }
}
