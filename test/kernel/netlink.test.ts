import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { messages, parseInterfaceAddress, parseChange, parseLink } from "../../agent/kernel/netlink.ts";
import { makeLab } from "../harness/netns.ts";
import { inNamespace } from "./support.ts";

function attribute(type: number, ...bytes: number[]): number[] {
  const padding = new Array<number>((4 - (bytes.length % 4)) % 4).fill(0);
  return [4 + bytes.length, 0, type & 255, type >> 8, ...bytes, ...padding];
}

/** A message header and its body. */
function message(type: number, body: number[]): Buffer {
  const bytes = Buffer.alloc(16 + body.length);
  bytes.writeUInt32LE(bytes.length, 0);
  bytes.writeUInt16LE(type, 4);
  bytes.set(body, 16);
  return bytes;
}

const text = (value: string) => [...Buffer.from(`${value}\0`)];
const LINK_HEADER = [0, 0, 1, 0, 7, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0]; // family any, Ethernet, ifindex 7, up

describe("a netlink message", () => {
  it("tells of a device with what it is and belongs to", () => {
    const body = [
      ...LINK_HEADER,
      ...attribute(3, ...text("veth7")),
      ...attribute(4, 0xdc, 5, 0, 0),
      ...attribute(10, 3, 0, 0, 0),
      ...attribute(0x8000 | 18, ...attribute(1, ...text("veth"))),
      ...attribute(43, ...attribute(2, 1), ...attribute(4, 99, 0, 0, 0)),
      ...attribute(1, 2, 0, 0, 0, 0, 1),
    ];
    assert.deepEqual(parseLink(Uint8Array.from(body)), {
      ifindex: 7,
      name: "veth7",
      type: 1,
      up: true,
      mtu: 1500,
      kind: "veth",
      master: 3,
      address: "02:00:00:00:00:01",
      xdp: { mode: "native", program: 99 },
    });
  });

  it("tells of a tunnel device which packets it takes out", () => {
    const [LOCAL, REMOTE, GROUP] = [
      [192, 0, 2, 1],
      [192, 0, 2, 2],
      [239, 1, 1, 1],
    ];
    const bytes = (...of: number[]): Uint8Array => Uint8Array.from(of);
    const tunnels = (kind: string, ...data: number[][]): unknown =>
      parseLink(
        Uint8Array.from([
          ...LINK_HEADER,
          ...attribute(3, ...text("t0")),
          ...attribute(0x8000 | 18, ...attribute(1, ...text(kind)), ...attribute(0x8000 | 2, ...data.flat())),
        ]),
      )!.tunnels;
    const ends = { local: bytes(...LOCAL), remote: bytes(...REMOTE) };
    const vxlan = (far: number[], ...more: number[][]): unknown =>
      tunnels("vxlan", attribute(1, 7, 0, 0, 0), attribute(2, ...far), attribute(4, ...LOCAL), attribute(15, 0x12, 0xb5), ...more);
    assert.deepEqual(vxlan(REMOTE), [{ kind: "vxlan", id: 7, port: 4789, ...ends }]);
    assert.deepEqual(vxlan([0, 0, 0, 0]), [{ kind: "vxlan", id: 7, port: 4789, local: ends.local }]);
    assert.deepEqual(
      vxlan(GROUP),
      [
        { kind: "vxlan", id: 7, port: 4789, local: ends.local },
        { kind: "vxlan", id: 7, port: 4789, local: bytes(...GROUP) },
      ],
      "a group is where it listens",
    );
    assert.deepEqual(vxlan([0, 0, 0, 0], attribute(25, 1)), [{ kind: "vxlan", port: 4789, local: ends.local }], "external");
    assert.deepEqual(tunnels("geneve", attribute(1, 9, 0, 0, 0), attribute(2, ...REMOTE), attribute(5, 0x17, 0xc1)), [
      { kind: "geneve", id: 9, port: 6081, remote: ends.remote },
    ]);
    assert.deepEqual(tunnels("geneve", attribute(6), attribute(5, 0x17, 0xc1)), [{ kind: "geneve", port: 6081 }]);
    for (const kind of ["gre", "gretap"]) {
      assert.deepEqual(tunnels(kind, attribute(6, ...LOCAL), attribute(7, ...REMOTE)), [{ kind: "gre", id: 0, port: 0, ...ends }]);
      assert.deepEqual(tunnels(kind, attribute(2, 0x20, 0), attribute(4, 0, 0, 1, 2), attribute(6, ...LOCAL), attribute(7, 0, 0, 0, 0)), [
        { kind: "gre", id: 258, port: 0, local: ends.local },
      ]);
    }
    assert.deepEqual(tunnels("ipip", attribute(2, ...LOCAL), attribute(3, ...REMOTE)), [{ kind: "ipip", id: 0x0800, port: 0, ...ends }]);
    assert.deepEqual(tunnels("sit", attribute(2, ...LOCAL), attribute(3, ...REMOTE)), [{ kind: "ipip", id: 0x86dd, port: 0, ...ends }]);
    assert.deepEqual(
      tunnels("sit", attribute(9, 0)),
      [
        { kind: "ipip", id: 0x0800, port: 0 },
        { kind: "ipip", id: 0x86dd, port: 0 },
      ],
      "any protocol",
    );
    assert.deepEqual(tunnels("veth"), undefined);
    assert.deepEqual(tunnels("vxlan", attribute(2, 1, 2), attribute(15, 1)), [{ kind: "vxlan", port: 0 }], "what is cut short is left out");
  });

  it("of the bridge family tells of a port and not of its device", () => {
    const body = [7, ...LINK_HEADER.slice(1), ...attribute(3, ...text("veth7"))];
    assert.equal(parseChange([...messages(message(17, body))][0]!), undefined);
    assert.deepEqual(parseChange([...messages(message(17, [0, ...body.slice(1)]))][0]!), { what: "link-gone", ifindex: 7, name: "veth7" });
  });

  it("tells the local address of a point-to-point link, and not the other end's", () => {
    const body = Uint8Array.from([2, 32, 0, 0, 9, 0, 0, 0, ...attribute(1, 192, 0, 2, 2), ...attribute(2, 192, 0, 2, 1)]);
    assert.deepEqual([...parseInterfaceAddress(body)!.bytes], [192, 0, 2, 1]);
    assert.equal(parseInterfaceAddress(Uint8Array.from([2, 32, 0, 0, 9, 0, 0, 0, ...attribute(1, 192, 0, 2)])), undefined);
  });

  it("is left out when it is cut short anywhere, without harm to those before it", () => {
    const whole = message(16, [...LINK_HEADER, ...attribute(3, ...text("eth0"))]);
    for (let length = 0; length < whole.length; length++) {
      assert.equal([...messages(Buffer.concat([whole, whole.subarray(0, length)]))].length, 1);
      parseLink(whole.subarray(16, length));
    }
  });

  it("of random bytes neither throws nor loops", () => {
    let state = 1;
    const random = () => (state = Math.imul(state ^ (state >>> 15), 0x2c1b3c6d) + 0x6d2b79f5) >>> 24;
    const seed = message(16, [
      ...LINK_HEADER,
      ...attribute(3, ...text("eth0")),
      ...attribute(18, ...attribute(1, ...text("veth"))),
      ...attribute(43, ...attribute(2, 1)),
    ]);
    for (let round = 0; round < 20_000; round++) {
      const bytes = Buffer.concat([seed, seed]);
      for (let changes = random() % 6; changes >= 0; changes--) bytes[(random() * 256 + random()) % bytes.length] = random();
      for (const found of messages(bytes)) {
        parseChange(found);
        parseChange({ ...found, type: 20 });
      }
    }
  });
});

describe("the kernel's list of devices", () => {
  it("names both ends of a veth pair and their addresses", async () => {
    await using lab = await makeLab();
    const inside = inNamespace(
      lab,
      "client",
      `
      const address = links.listAddresses().find((one) => one.family === 4 && one.bytes[0] === 198);
      say({ link: device("eth0"), address: [...address.bytes], owner: address.ifindex, driver: ethtool.driverName("eth0"),
            gro: ethtool.activeFeatures("eth0").has("tx-tcp-segmentation") });
    `,
    );
    const { link, address, owner, driver, gro } = await inside.next();
    assert.equal(link.kind, "veth");
    assert.equal(link.up, true);
    assert.equal(link.address, lab.end("client:eth0").mac);
    assert.equal(address.join("."), lab.end("client:eth0").ipv4);
    assert.equal(owner, link.ifindex);
    assert.equal(driver, "veth");
    assert.equal(gro, true);
  });

  it("is followed by every change", async () => {
    await using lab = await makeLab({ namespaces: ["one"], links: [] });
    const inside = inNamespace(
      lab,
      "one",
      `
      const watch = links.watchLinks({ onChange: say, onResync: () => say("resync") });
      say("watching");
      await told();
      watch.close();
      process.stdin.destroy();
    `,
    );
    assert.equal(await inside.next(), "watching");
    await lab.exec("one", "ip", "link", "add", "a0", "type", "veth", "peer", "name", "b0");
    await lab.exec("one", "ip", "address", "add", "198.18.9.1/24", "dev", "a0");
    await lab.exec("one", "ip", "link", "set", "a0", "name", "c0");
    await lab.exec("one", "ip", "link", "delete", "c0");
    const seen: string[] = [];
    for (const gone = new Set<string>(); gone.size < 2; ) {
      const change = await inside.next();
      const name = change.link?.name ?? change.name ?? Object.values(change.address.bytes).join(".");
      if (change.what === "link-gone") gone.add(name);
      if (seen.at(-1) !== `${change.what} ${name}`) seen.push(`${change.what} ${name}`);
    }
    for (const wanted of [
      "link a0",
      "link b0",
      "address 198.18.9.1",
      "link c0",
      "address-gone 198.18.9.1",
      "link-gone c0",
      "link-gone b0",
    ]) {
      assert.ok(seen.includes(wanted), `${wanted} among ${seen.join(", ")}`);
    }
    await inside.finish();
  });

  it("asks for a fresh start when more changed than was read in time", async () => {
    await using lab = await makeLab({ namespaces: ["one"], links: [] });
    const inside = inNamespace(
      lab,
      "one",
      `
      import { execFileSync } from "node:child_process";
      let changes = 0;
      links.watchLinks({ onChange: () => changes++, onResync: () => say({ resync: true, mtu: device("lo").mtu }) });
      const commands = Array.from({ length: 4000 }, (_, i) => "link set lo mtu " + (20000 + i)).join("\\n");
      execFileSync("ip", ["-batch", "-"], { input: commands });
    `,
    );
    assert.deepEqual(await inside.next(), { resync: true, mtu: 23999 });
  });
});
