/** What is added up by process, peer and service, and what happens where there is no room for all of them. */

import assert from "node:assert/strict";
import { describe, it, test } from "node:test";

import { type Account, accountOf, GROUPS, type Grouping } from "../../../agent/observe/flows/groups.ts";
import { Executables } from "../../../agent/observe/statistics/executables.ts";
import { LastMinute } from "../../../agent/observe/statistics/last-minute.ts";
import { TrafficLedger, REST } from "../../../agent/observe/statistics/ledger.ts";
import { LongLived } from "../../../agent/observe/statistics/long-lived.ts";
import { Spread } from "../../../agent/observe/statistics/spread.ts";

const NOW = Date.UTC(2026, 10, 21);

function account(pid: number, executable = "/usr/bin/curl", peer = "192.0.2.1"): Account {
  return { process: { pid, name: "curl", executable }, unit: "cron.service", peer, service: "tcp 443" };
}

function carry(ledger: TrafficLedger, of: Account, bytes = 100): void {
  const tally = ledger.tallyOf(of, NOW);
  tally.count(NOW, NOW, false);
  tally.add({ packets: 1, sent: bytes, received: 0 });
}

/** Connections by name. */
function sums(ledger: TrafficLedger, by: Grouping): Record<string, number> {
  const found: Record<string, number> = {};
  for (const { account, tally } of ledger.entries()) {
    if (tally.connections === 0) continue;
    const name = account === REST ? "rest" : GROUPS[by](account);
    found[name] = (found[name] ?? 0) + tally.connections;
  }
  return found;
}

describe("the ledger", () => {
  it("keeps what programs did where short-lived processes and strange peers are more than it holds", () => {
    const ledger = new TrafficLedger({ detailed: 10, byProgram: 10 });
    carry(ledger, account(1, "/usr/sbin/server"));
    for (let pid = 100; pid < 200; pid++) carry(ledger, account(pid, "/usr/bin/curl", `198.51.100.${pid}`));
    assert.deepEqual(sums(ledger, "executable"), { "/usr/sbin/server": 1, "/usr/bin/curl": 100 });
    assert.deepEqual(sums(ledger, "unit"), { "cron.service": 101 });
    const { other, ...processes } = sums(ledger, "process");
    const detailed = Object.keys(processes).length;
    assert.ok(detailed >= 5 && detailed <= 10, `${detailed}`);
    assert.deepEqual(
      [other, sums(ledger, "peer")["other"], sums(ledger, "service")["tcp 443"]],
      [101 - detailed, 101 - detailed, detailed],
    );
  });

  it("forgets the details of those first that were silent for longest", () => {
    const ledger = new TrafficLedger({ detailed: 4, byProgram: 4 });
    for (const pid of [1, 2, 3, 1, 4]) carry(ledger, account(pid));
    assert.deepEqual(sums(ledger, "process"), { other: 1, "curl 3": 1, "curl 1": 2, "curl 4": 1 });
  });

  it("loses nothing of the sums where programs are too many, too", () => {
    const ledger = new TrafficLedger({ detailed: 4, byProgram: 2 });
    for (let pid = 0; pid < 50; pid++) carry(ledger, account(pid, `/tmp/${pid}`), pid);
    const entries = [...ledger.entries()];
    assert.ok(entries.length <= 4 + 2 + 1, `${entries.length}`);
    assert.equal(
      entries.reduce((all, { tally }) => all + tally.connections, 0),
      50,
    );
    assert.equal(
      entries.reduce((all, { tally }) => all + tally.sent, 0),
      (49 * 50) / 2,
    );
    assert.ok(sums(ledger, "executable")["rest"]! >= 44);
  });

  it("tells a process from a later one with its number", () => {
    const ledger = new TrafficLedger();
    for (const started of ["2026-01-01", "2026-01-02"]) carry(ledger, { ...account(7), process: { pid: 7, name: "curl", started } });
    assert.equal([...ledger.entries()].filter(({ tally }) => tally.connections === 1).length, 2);
  });
});

test("names of programs are limited: those beyond are other, and nothing is lost", () => {
  const executables = new Executables();
  const add = (of: Account): void => {
    executables.count(of);
    executables.add(of, { packets: 1, sent: 2, received: 3 });
  };
  for (let index = 0; index < 1000; index++) add(account(index, `/opt/bin/program-${index}`));
  add(account(1, "/elsewhere/program-5"));
  add({});
  const rows = executables.rows();
  assert.equal(rows.length, 200);
  assert.equal(rows.find(({ name }) => name === "program-5")?.connections, 2);
  assert.equal(rows.find(({ name }) => name === "other")?.connections, 1001 - 199);
  assert.deepEqual(
    rows.reduce(([n, s, r], { connections, sent, received }) => [n! + connections, s! + sent, r! + received], [0, 0, 0]),
    [1002, 2004, 3006],
  );
});

test("what a connection is added up by is its process, what that is part of, and the other end", () => {
  const connection = {
    direction: "ingress" as const,
    protocol: "tcp",
    source: { address: "2001:db8::7", port: 40000 },
    destination: { address: "2001:db8::1", port: 443 },
    process: { pid: 12, name: "web", uid: 0, executable: "/usr/sbin/web", arguments: ["web", "--secret"] },
    container: { id: "3f2a1bc4d5e6f708", name: "shop" },
    pod: { uid: "u", name: "web-0", namespace: "shop" },
  };
  const names = (of: Parameters<typeof accountOf>[0]) =>
    Object.fromEntries(Object.entries(GROUPS).map(([by, name]) => [by, name(accountOf(of))]));
  assert.deepEqual(names(connection), {
    process: "web 12",
    executable: "/usr/sbin/web",
    container: "3f2a1bc4d5e6/shop",
    pod: "shop/web-0",
    unit: "none",
    peer: "2001:db8::7",
    service: "tcp 443",
  });
  assert.deepEqual(accountOf(connection).process, { pid: 12, name: "web", executable: "/usr/sbin/web" }, "nothing more is kept of it");
  const { process: _, ...unknown } = {
    ...connection,
    direction: "egress" as const,
    protocol: "icmp",
    destination: { address: "192.0.2.9" },
  };
  assert.deepEqual(names(unknown), {
    process: "unknown",
    executable: "unknown",
    container: "unknown",
    pod: "unknown",
    unit: "unknown",
    peer: "192.0.2.9",
    service: "icmp",
  });
});

describe("connections that last", () => {
  const connection = {
    interface: "eth0",
    protocol: "tcp",
    source: { address: "192.0.2.1", port: 40000 },
    destination: { address: "192.0.2.2", port: 443 },
  };
  const carried = (packets: number) => ({ packets, sent: packets * 10, received: packets * 100 });

  it("are added up while they live, and nothing twice", () => {
    const longLived = new LongLived();
    assert.deepEqual(longLived.advance(connection, carried(5)), carried(5));
    assert.deepEqual(longLived.advance(connection, carried(5)), carried(0));
    assert.deepEqual(longLived.advance(connection, carried(8)), carried(3));
    assert.deepEqual(longLived.rest(connection, carried(9)), carried(1));
    assert.deepEqual(longLived.finish(connection, carried(10)), carried(2));
    assert.deepEqual(longLived.finish(connection, carried(10)), carried(10), "another one between the same ends");
    longLived.advance(connection, carried(8));
    assert.deepEqual(longLived.rest({ ...connection, vlan: [7] }, carried(1)), carried(1));
    assert.deepEqual(longLived.rest(connection, carried(1)), carried(1), "it cannot be the same");
  });

  it("beyond so many are added up at their end", () => {
    const longLived = new LongLived(1);
    const other = { ...connection, interface: "eth1" };
    longLived.advance(connection, carried(5));
    assert.deepEqual(longLived.advance(other, carried(5)), carried(0));
    assert.deepEqual(longLived.finish(other, carried(6)), carried(6));
    assert.deepEqual(longLived.finish(connection, carried(6)), carried(1));
  });

  it("have their turn once in so many looks, and are forgotten where nobody finds them any more", () => {
    const longLived = new LongLived(1);
    const turns = Array.from({ length: 24 }, () => {
      const due = longLived.isDue(40443);
      if (due) longLived.advance(connection, carried(5));
      longLived.finishLook();
      return due;
    });
    assert.equal(turns.filter(Boolean).length, 2);
    assert.deepEqual(longLived.rest(connection, carried(5)), carried(0));
    for (let look = 0; look < 36; look++) longLived.finishLook();
    assert.deepEqual(longLived.advance({ ...connection, interface: "eth1" }, carried(5)), carried(5), "there is room again");
  });
});

test("a spread tells its quantiles within a tenth, also of several together", () => {
  const [low, high] = [new Spread(), new Spread()];
  for (let value = 1; value <= 500; value++) low.add(value);
  for (let value = 501; value <= 1000; value++) high.add(value);
  low.merge(high);
  for (const share of [0.1, 0.5, 0.95]) {
    const value = low.quantile(share)!;
    assert.ok(Math.abs(value / (share * 1000) - 1) < 0.1, `${value} at ${share}`);
  }
  assert.equal(new Spread().quantile(0.5), undefined);
  const one = new Spread();
  one.add(4);
  assert.deepEqual([one.quantile(0.5), one.quantile(0.95)], [4, 4]);
});

test("the last minute is one, whenever what happened in it is told", () => {
  const minute = new LastMinute();
  for (let second = 0; second < 120; second++) minute.note(NOW + second * 1000, NOW + second * 1000);
  const end = NOW + 119_999;
  assert.equal(minute.perSecond(end), 1);
  const late = new LastMinute();
  late.note(NOW, end); // opened long ago
  late.note(end - 30_000, end);
  minute.merge(late, end);
  assert.equal(minute.perSecond(end), 61 / 60);
  assert.equal(minute.perSecond(end + 60_000), 0);
});
