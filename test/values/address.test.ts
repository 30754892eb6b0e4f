import assert from "node:assert/strict";
import { isIP } from "node:net";
import { test } from "node:test";
import { formatAddress, formatNetwork, networkContains, parseAddress, parseNetworks, readAddress } from "../../agent/values/address.ts";
import { fromInteger, rangeToNetworks, toInteger } from "../../agent/values/address.ts";

const networks = (text: string): string[] => parseNetworks(text).map(formatNetwork);

test("an address is the prefix that holds only it", () => {
  assert.deepEqual(parseNetworks("192.0.2.1"), [
    { family: 4, address: Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 192, 0, 2, 1), length: 128 },
  ]);
  assert.deepEqual(parseNetworks("2001:db8::1"), [
    { family: 6, address: Uint8Array.of(0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1), length: 128 },
  ]);
});

test("an IPv4 prefix lies 96 bits deep, and bits beyond a prefix are cleared", () => {
  const [network] = parseNetworks("10.1.2.3/8");
  assert.equal(network?.length, 104);
  assert.deepEqual(networks("10.1.2.3/8"), ["10.0.0.0/8"]);
  assert.deepEqual(networks("2001:db8:1:2::3/33"), ["2001:db8::/33"]);
  assert.deepEqual(networks("0.0.0.0/0"), ["0.0.0.0/0"]);
  assert.deepEqual(networks("::/0"), ["::/0"]);
});

test("a range becomes the fewest prefixes, in order", () => {
  assert.deepEqual(networks("192.0.2.1-192.0.2.9"), ["192.0.2.1", "192.0.2.2/31", "192.0.2.4/30", "192.0.2.8/31"]);
  assert.deepEqual(networks("10.0.0.0-10.255.255.255"), ["10.0.0.0/8"]);
  assert.deepEqual(networks("0.0.0.0-255.255.255.255"), ["0.0.0.0/0"]);
  assert.deepEqual(networks("192.0.2.7-192.0.2.7"), ["192.0.2.7"]);
  assert.deepEqual(networks("::-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"), ["::/0"]);
  assert.equal(parseNetworks("::1-ffff:ffff:ffff:ffff:ffff:ffff:ffff:fffe").length, 254);
});

test("prefixes of random ranges cover each address of it once and none besides", () => {
  for (let round = 0; round < 200; round++) {
    const first = BigInt(Math.floor(Math.random() * 2000));
    const last = first + BigInt(Math.floor(Math.random() * 200));
    const base = 0xffff_0a00_0000n;
    let next = base + first;
    for (const { address, length } of rangeToNetworks(4, base + first, base + last)) {
      assert.equal(toInteger(address), next, `${first}-${last}`);
      next += 1n << BigInt(128 - length);
    }
    assert.equal(next, base + last + 1n, `${first}-${last}`);
  }
});

test("addresses are written as RFC 5952 wants them", () => {
  const pairs = [
    ["2001:0DB8:0:0:0:0:0:1", "2001:db8::1"],
    ["0:0:0:0:0:0:0:0", "::"],
    ["1:0:0:2:0:0:0:3", "1:0:0:2::3"],
    ["1:0:0:2:3:0:0:4", "1::2:3:0:0:4"],
    ["1:0:2:3:4:5:6:7", "1:0:2:3:4:5:6:7"],
    ["1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0"],
    ["::2:3:4:5:6:7:8", "0:2:3:4:5:6:7:8"],
    ["64:ff9b::192.0.2.33", "64:ff9b::c000:221"],
    ["255.255.255.255", "255.255.255.255"],
  ] as const;
  for (const [written, shown] of pairs) assert.equal(formatAddress(parseAddress(written).bytes), shown);
});

test("accepts what the platform's own parser accepts, but for zones and disguised IPv4, and reads it back", () => {
  const pieces = ["", "0", "1", "255", "256", "01", "abcd", "12345", "ffff", ":", "::", ".", "1.2.3.4"];
  const random = (count: number): number => Math.floor(Math.random() * count);
  let accepted = 0;
  for (let round = 0; round < 20_000; round++) {
    const separator = random(2) === 0 ? ":" : ".";
    const text = Array.from({ length: 1 + random(9) }, () => pieces[random(pieces.length)]).join(separator);
    const reading = readAddress(text);
    const mapped = "error" in reading && reading.error.includes("in IPv6 form");
    assert.equal("bytes" in reading || mapped, isIP(text) !== 0, `"${text}"`);
    if (!("bytes" in reading)) continue;
    accepted++;
    assert.deepEqual(parseAddress(formatAddress(reading.bytes)).bytes, reading.bytes, text);
    assert.deepEqual(fromInteger(toInteger(reading.bytes)), reading.bytes);
  }
  assert.ok(accepted > 100, `only ${accepted} addresses were among the texts`);
});

test("a network holds its own addresses and none of the other family", () => {
  const holds = (network: string, address: string): boolean =>
    parseNetworks(network).some((one) => networkContains(one, parseAddress(address).bytes));
  assert.ok(holds("10.0.0.0/8", "10.255.0.1"));
  assert.ok(!holds("10.0.0.0/8", "11.0.0.0"));
  assert.ok(holds("::/0", "2001:db8::1"));
  assert.ok(!holds("::/0", "192.0.2.1"));
  assert.ok(!holds("0.0.0.0/0", "::1"));
});

test("text that is no network throws with the reason", () => {
  assert.throws(() => parseNetworks("10.0.0.0/33"), { name: "SyntaxError", message: /prefix length 33 .* above 32/ });
  assert.throws(() => parseAddress("10.0.0.0/8"), SyntaxError);
  assert.throws(() => parseNetworks("1".repeat(1_000_000)), { name: "SyntaxError", message: /too long/ });
});
