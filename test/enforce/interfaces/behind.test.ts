import assert from "node:assert/strict";
import { test } from "node:test";

import { AddressNamespaces, NamespaceAddress, Limit } from "../../../agent/generated/layout.ts";
import { entriesOf } from "../../../agent/enforce/interfaces/behind.ts";
import type { InterfaceAddress, Link } from "../../../agent/kernel/netlink.ts";
import { formatAddress, parseAddress } from "../../../agent/values/address.ts";

const link = (ifindex: number, rest: Partial<Link> = {}): Link => ({
  ifindex,
  name: `d${ifindex}`,
  type: 1,
  up: true,
  mtu: 1500,
  kind: "veth",
  ...rest,
});

function address(text: string): InterfaceAddress {
  const { family, bytes } = parseAddress(text);
  return { ifindex: 2, family, prefixLength: 24, bytes: family === 4 ? bytes.subarray(12) : bytes };
}

/** `DEVICE ADDRESS` -> namespaces */
function behind(links: readonly Link[], addresses: Record<number, readonly string[]>): Record<string, number[]> {
  const entries = entriesOf(links, (namespace) => (addresses[namespace] ?? []).map(address));
  return Object.fromEntries(
    [...entries].map(([key, value]) => {
      const [place, namespaces] = [Buffer.from(key, "hex"), Buffer.from(value, "hex")];
      const numbers = Array.from({ length: Limit.NAMESPACES }, (_, i) =>
        namespaces.readInt32LE(AddressNamespaces.namespaces.at + i * AddressNamespaces.namespaces.stride),
      );
      return [
        `${place.readUInt32LE(NamespaceAddress.ifindex)} ${formatAddress(place.subarray(NamespaceAddress.address_be.at, NamespaceAddress.address_be.at + 16))}`,
        numbers.filter((number) => number >= 0),
      ];
    }),
  );
}

test("an address of a namespace is found behind each device that leads there, a bridge and its VRF included", () => {
  const links = [
    link(2, { kind: "vrf" }),
    link(3, { kind: "bridge", master: 2 }),
    link(4, { master: 3, peerNamespace: 7 }),
    link(5, { peerNamespace: 8 }),
  ];
  assert.deepEqual(behind(links, { 7: ["10.0.0.2", "fd00::2"], 8: ["10.0.0.2"] }), {
    "4 10.0.0.2": [7],
    "3 10.0.0.2": [7],
    "2 10.0.0.2": [7],
    "4 fd00::2": [7],
    "3 fd00::2": [7],
    "2 fd00::2": [7],
    "5 10.0.0.2": [8],
  });
});

test("addresses that are not routed and devices that are no pair say nothing", () => {
  assert.deepEqual(behind([link(4, { peerNamespace: 7 })], { 7: ["127.0.0.1", "::1", "fe80::1", "10.0.0.2"] }), { "4 10.0.0.2": [7] });
  assert.deepEqual(behind([link(4, { kind: "vxlan", peerNamespace: 7 }), link(5)], { 7: ["10.0.0.2"] }), {});
});

test("an address that several namespaces have is that of each, and of so many that they cannot all be asked of none", () => {
  const twins = (count: number): Link[] => [
    link(3, { kind: "bridge" }),
    ...Array.from({ length: count }, (_, i) => link(10 + i, { master: 3, peerNamespace: i })),
  ];
  const all = (count: number): Record<number, string[]> => Object.fromEntries(Array.from({ length: count }, (_, i) => [i, ["10.0.0.2"]]));
  assert.deepEqual(behind(twins(Limit.NAMESPACES), all(Limit.NAMESPACES))["3 10.0.0.2"], [0, 1, 2, 3]);
  assert.equal(behind(twins(Limit.NAMESPACES + 1), all(Limit.NAMESPACES + 1))["3 10.0.0.2"], undefined);
});
