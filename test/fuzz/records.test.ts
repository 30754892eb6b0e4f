/** The decoder of ring-buffer records: one record byte by byte, then bytes that no program wrote. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { Decoder, type Names, type SocketFacts } from "../../agent/observe/events/decode.ts";
import type { ConnectionEvent, SocketEvent, VerdictEvent } from "../../agent/observe/events/event.ts";
import { Event, EventType, OwnerFlag } from "../../agent/generated/layout.ts";
import { fuzzRun, Random } from "../harness/random.ts";

const RULE = { name: "no-telnet", action: "block", enforce: true, source: "weir.yaml:12" } as const;
const NAMES: Names = {
  rule: (slot, generation) => ({ ...RULE, name: `${slot} of ${generation}` }),
  interface: (ifindex) => `#${ifindex}`,
  namespace: (id) => (id % 2 === 1 ? `ns${id}` : undefined),
  workload: ({ cgroup }) => ({ unit: `${cgroup}.service` }),
  program: ({ pid, startedNs, executions }, command) => ({
    executable: `/proc/${pid}/exe since ${startedNs}`,
    arguments: [command, String(executions)],
  }),
  user: (uid) => `user${uid}`,
};

/** A TCP SYN from 198.18.0.129:40000 to 198.18.0.2:23, as a little-endian machine writes it. */
const RECORD = bytes(
  "00 ca 9a 3b 00 00 00 00", // time: one second
  "00 00 00 00 00 00 00 00 00 00 ff ff c6 12 00 81", // source
  "00 00 00 00 00 00 00 00 00 00 ff ff c6 12 00 02", // destination
  "00 00 00 00 00 00 00 00 00 00 ff ff c6 12 00 81", // the ends behind address translation: source
  "00 00 00 00 00 00 00 00 00 00 ff ff ac 11 00 02", // destination
  "40 9c", // source port
  "50 00", // destination port
  "00 00 00 00", // not used
  "00 65 cd 1d 00 00 00 00", // opened: half a second
  "03 00 00 00 00 00 00 00 02 00 00 00 00 00 00 00", // packets of both ends
  "2c 01 00 00 00 00 00 00 c8 00 00 00 00 00 00 00", // bytes of both ends
  "11 11 11 11 11 11 11 11", // socket cookie
  "07 00 00 00 00 00 00 00", // when the owner started
  "39 05 00 00 00 00 00 00", // the owner's control group
  "06 00 00 00 00 00 00 00", // when the socket's creator started
  "05 00 00 00", // generation
  "10 00 00 00", // slot
  "03 00 00 00", // ifindex
  "2a 00 00 03", // tunnel: VXLAN 42
  "d2 04 00 00", // pid
  "e8 03 00 00", // uid
  "d1 04 00 00", // pid of the socket's creator
  "40 9c", // source port
  "17 00", // destination port
  "05 10 00 00", // VLAN 5, none inside it
  "03", // type: BLOCKED
  "01", // verdict: dropped
  "00", // direction: ingress
  "06", // protocol
  "00", // reason
  "00", // staged
  "00 00", // ICMP type and code
  "02 00", // TCP flags of both ends
  "00", // owner flags
  "04", // how often the owner started a program
  "74 65 6c 6e 65 74 64 00 00 00 00 00 00 00 00 00", // command
  "00 00 00 00", // network namespace: the agent's
  "6f 00", // error of a call: ECONNREFUSED
  "00", // how a socket bypasses the egress rules
  "06", // the call: connect
  "d3 04 00 00", // thread
  "00 00 00 00", // not used
);

test("a record is exactly these bytes, and means exactly this", () => {
  assert.equal(RECORD.length, Event.size);
  const { verdicts, connections, malformed } = decode(RECORD);
  assert.deepEqual([verdicts.length, connections.length, malformed], [1, 0, 0]);
  const { time, ...event } = verdicts[0]!;
  assert.ok(Number.isFinite(time));
  assert.deepEqual(event, {
    direction: "ingress",
    interface: "#3",
    protocol: "tcp",
    source: { address: "198.18.0.129", port: 40000 },
    destination: { address: "198.18.0.2", port: 23 },
    nat: { source: { address: "198.18.0.129", port: 40000 }, destination: { address: "172.17.0.2", port: 80 } },
    vlan: [5],
    tunnel: { kind: "vxlan", id: 42 },
    process: {
      pid: 1234,
      thread: 1235,
      name: "telnetd",
      executable: "/proc/1234/exe since 7",
      arguments: ["telnetd", "4"],
      uid: 1000,
      user: "user1000",
      creator: 1233,
    },
    unit: "1337.service",
    rule: { ...RULE, name: "16 of 5" },
    seq: 1,
    type: "BLOCKED",
    verdict: "dropped",
    would_drop: false,
  });
});

test("the same record as the end of a connection tells its counters", () => {
  const { verdicts, connections } = decode(withByte(Event.type, EventType.CLOSED));
  assert.equal(verdicts.length, 0);
  const { time, opened, closed, packets, bytes: octets, how, type } = connections[0]!;
  assert.deepEqual({ packets, octets, how, type }, { packets: [3, 2], octets: [300, 200], how: "closed", type: "ALLOWED" });
  assert.equal(closed, time);
  assert.ok(Math.abs(closed - opened - 500) < 1e-3);
});

test("a command that fills its field is told whole, and a process that is not known is not told", () => {
  const record = Buffer.from(RECORD);
  record.write("sixteen-letters!", Event.command.at, "latin1");
  assert.equal(decode(record).verdicts[0]!.process?.name, "sixteen-letters!");
  record.writeUInt32LE(0, Event.pid);
  assert.equal(decode(record).verdicts[0]!.process, undefined);
});

test("what a process did with a socket is told by the socket's ends", () => {
  const record = withByte(Event.type, EventType.CONNECT_REFUSED);
  const { verdicts, connections, sockets } = decode(record);
  assert.deepEqual([verdicts.length, connections.length, sockets.length], [0, 0, 1]);
  const { time, process, ...event } = sockets[0]!.event;
  assert.ok(Number.isFinite(time));
  assert.equal(process?.pid, 1234);
  assert.deepEqual(event, {
    seq: 1,
    type: "CONNECT_REFUSED",
    protocol: "tcp",
    local: { address: "198.18.0.129", port: 40000 },
    remote: { address: "198.18.0.2", port: 23 },
    interface: "#3",
    call: "connect",
    error: "ECONNREFUSED",
    took_ms: 500,
    unit: "1337.service",
  });
  assert.deepEqual(sockets[0]!.facts, { cookie: 0x1111111111111111n, unprivileged: false, owner: { pid: 1234, startedNs: 7n } });
});

test("a listener has no other end, a packet socket none at all, and a process without the right to low ports is told so", () => {
  const listening = withByte(Event.type, EventType.LISTENING);
  listening.writeUInt16LE(0, Event.destination_port);
  listening.writeUInt32LE(0, Event.ifindex);
  const { event } = decode(listening).sockets[0]!;
  assert.deepEqual([event.local, event.remote, event.interface], [{ address: "198.18.0.129", port: 40000 }, undefined, undefined]);
  listening.writeUInt32LE(4026532281, Event.netns);
  listening.writeUInt32LE(3, Event.ifindex);
  const elsewhere = decode(listening).sockets[0]!.event;
  assert.deepEqual([elsewhere.network_namespace, elsewhere.interface], [{ id: 4026532281, name: "ns4026532281" }, undefined]);
  listening.writeUInt32LE(4026532282, Event.netns);
  assert.deepEqual(decode(listening).sockets[0]!.event.network_namespace, { id: 4026532282 });
  const packet = withByte(Event.type, EventType.PACKET_SOCKET);
  packet.writeUInt16LE(0, Event.destination_port);
  assert.deepEqual([decode(packet).sockets[0]!.event.local, decode(packet).sockets[0]!.event.protocol], [undefined, undefined]);
  const failed = withByte(Event.type, EventType.BIND_FAILED);
  failed[Event.owner_flags] = OwnerFlag.UNPRIVILEGED;
  assert.equal(decode(failed).sockets[0]!.facts.unprivileged, true);
});

test("unknown types are counted, and records around them are told", () => {
  for (const type of [0, EventType.COUNT, 255]) {
    const { verdicts, malformed } = decode(Buffer.concat([RECORD, withByte(Event.type, type), RECORD]));
    assert.deepEqual([verdicts.length, malformed], [2, 1]);
  }
});

test("no bytes make the decoder throw, and each record is told once or counted as malformed", (t) => {
  const { amount, seed } = fuzzRun(50_000);
  t.diagnostic(`seed ${seed}, ${amount} records`);
  const random = new Random(seed);
  const shown = { told: 0, malformed: 0 };
  for (let ran = 0; ran < amount; ) {
    const records = Array.from({ length: 1 + random.below(8) }, () => damaged(random));
    const input = Buffer.concat([...records, random.bytes(random.below(Event.size))]);
    const { verdicts, connections, sockets, malformed } = decode(input, `seed ${seed}: ${input.toString("hex")}`);
    const told = [...verdicts, ...connections, ...sockets.map(({ event }) => event)];
    assert.equal(told.length + malformed, records.length, input.toString("hex"));
    for (const event of told) assertBounded(event, input);
    shown.told += told.length;
    shown.malformed += malformed;
    ran += records.length;
  }
  assert.ok(shown.told > 0 && shown.malformed > 0, JSON.stringify(shown));
});

/** Either bytes without a meaning, or the record above with some of its bytes changed. */
function damaged(random: Random): Uint8Array {
  if (random.oneIn(4)) {
    const record = random.bytes(Event.size);
    if (random.oneIn(2)) record[Event.type] = 1 + random.below(EventType.COUNT - 1);
    return record;
  }
  const record = Buffer.from(RECORD);
  for (let changes = random.below(6); changes > 0; changes--)
    record[random.below(record.length)] = random.pick([0, 1, 0x7f, 0x80, 0xff, random.below(256)]);
  return record;
}

/** Every string has a limit, and every number is one. */
function assertBounded(event: VerdictEvent | ConnectionEvent | SocketEvent, input: Buffer): void {
  const walk = (value: unknown): void => {
    if (typeof value === "string") assert.ok(value.length <= 64, input.toString("hex"));
    else if (typeof value === "number") assert.ok(Number.isFinite(value), input.toString("hex"));
    else if (typeof value === "object" && value !== null) Object.values(value).forEach(walk);
  };
  walk(event);
  assert.ok((event.process?.name.length ?? 0) <= Event.command.count, input.toString("hex"));
  if ("rule" in event)
    assert.ok(
      (event.vlan ?? []).every((id) => id < 4096),
      input.toString("hex"),
    );
}

interface Decoded {
  verdicts: VerdictEvent[];
  connections: ConnectionEvent[];
  sockets: { event: SocketEvent; facts: SocketFacts }[];
  malformed: number;
}

function decode(records: Buffer, told = ""): Decoded {
  const verdicts: VerdictEvent[] = [];
  const connections: ConnectionEvent[] = [];
  const sockets: Decoded["sockets"] = [];
  const decoder = new Decoder(NAMES, {
    verdict: (event) => verdicts.push(event),
    connection: (event) => connections.push(event),
    socket: (event, facts) => sockets.push({ event, facts }),
  });
  try {
    decoder.decode(records);
  } catch (error) {
    assert.fail(`${(error as Error).stack}\n${told}`);
  }
  return { verdicts, connections, sockets, malformed: decoder.malformed };
}

function withByte(at: number, value: number): Buffer {
  const record = Buffer.from(RECORD);
  record[at] = value;
  return record;
}

function bytes(...lines: string[]): Buffer {
  return Buffer.from(lines.join("").replaceAll(" ", ""), "hex");
}
