import assert from "node:assert/strict";
import { test } from "node:test";
import { someInterfaceMatches } from "../../agent/values/interfaces.ts";
import { fits } from "../../agent/values/pattern.ts";
import {
  ICMP_TYPES,
  ICMPV6_TYPES,
  icmpCodeNumber,
  icmpTable,
  icmpTypeName,
  icmpTypeNumber,
  protocolName,
  protocolNumber,
} from "../../agent/values/names.ts";
import { nearest } from "../../agent/values/nearest.ts";
import { parsePorts } from "../../agent/values/ports.ts";
import { parseSize } from "../../agent/values/size.ts";

test("protocols have their IANA numbers, and numbers stand for themselves", () => {
  assert.deepEqual(["icmp", "tcp", "udp", "gre", "icmpv6", "sctp"].map(protocolNumber), [1, 6, 17, 47, 58, 132]);
  assert.equal(protocolNumber(200), 200);
  assert.equal(protocolNumber("toString"), undefined);
  assert.equal(protocolName(6), "tcp");
  assert.equal(protocolName(200), "200");
});

test("one name means another number in ICMP and in ICMPv6", () => {
  assert.equal(icmpTypeNumber(ICMP_TYPES, "echo-request"), 8);
  assert.equal(icmpTypeNumber(ICMPV6_TYPES, "echo-request"), 128);
  assert.equal(icmpCodeNumber(ICMP_TYPES, "destination-unreachable", "port-unreachable"), 3);
  assert.equal(icmpCodeNumber(ICMP_TYPES, 3, "port-unreachable"), 3);
  assert.equal(icmpCodeNumber(ICMPV6_TYPES, "destination-unreachable", "port-unreachable"), 4);
  assert.equal(icmpCodeNumber(ICMP_TYPES, "echo-request", "port-unreachable"), undefined);
  assert.equal(icmpTypeName(ICMPV6_TYPES, 135), "neighbor-solicitation");
  assert.equal(icmpTable("tcp"), undefined);
  assert.equal(icmpTable(58), ICMPV6_TYPES);
});

test("no two names of a table share a number", () => {
  for (const table of [ICMP_TYPES, ICMPV6_TYPES]) {
    const numbers = Object.values(table).map(({ type }) => type);
    assert.equal(new Set(numbers).size, numbers.length);
    for (const { codes = {} } of Object.values(table)) assert.equal(new Set(Object.values(codes)).size, Object.keys(codes).length);
  }
});

test("a star in an interface pattern stands for any characters", () => {
  for (const [pattern, name] of [
    ["*", "eth0"],
    ["eth*", "eth"],
    ["e*0", "eth0"],
    ["*a*b*", "xaybz"],
    ["eth0", "eth0"],
    ["*0", "e00"],
  ] as const) {
    assert.ok(fits(pattern, name), `${pattern} ${name}`);
  }
  for (const [pattern, name] of [
    ["eth*", "et"],
    ["eth0", "eth01"],
    ["*a*b", "bac"],
    ["", "eth0"],
    ["e?h0", "eth0"],
  ] as const) {
    assert.ok(!fits(pattern, name), `${pattern} ${name}`);
  }
  assert.ok(someInterfaceMatches(["lo", "veth*"], "veth12"));
  assert.ok(!someInterfaceMatches([], "veth12"));
});

test("ports are a number or a range of numbers", () => {
  assert.deepEqual(parsePorts(443), { first: 443, last: 443 });
  assert.deepEqual(parsePorts("8000-8100"), { first: 8000, last: 8100 });
  assert.deepEqual(parsePorts("0-65535"), { first: 0, last: 65_535 });
  for (const wrong of ["", "-", "1-", "-1", "1-2-3", "70000", "9-1", "1 - 2"]) assert.throws(() => parsePorts(wrong), SyntaxError, wrong);
});

test("sizes have decimal and binary units", () => {
  assert.deepEqual([1024, "1024", "64kB", "64KiB", "100 MB", "1GiB"].map(parseSize), [1024, 1024, 64_000, 65_536, 100_000_000, 2 ** 30]);
  assert.deepEqual(["", "MB", "1XB", "1.5MB", "-1MB"].map(parseSize), new Array(5).fill(undefined));
});

test("the nearest word is one that a slip of the finger leads from", () => {
  assert.equal(nearest("tpc", ["tcp", "udp"]), "tcp");
  assert.equal(nearest("destination-port", ["source_ports", "destination_ports"]), "destination_ports");
  assert.equal(nearest("ENFORCE", ["enforce"]), "enforce");
  assert.equal(nearest("layer7", ["layer3", "layer4"]), undefined);
  assert.equal(nearest("banana", ["mode", "rules"]), undefined);
  assert.equal(nearest("x".repeat(1e6), ["x"]), undefined);
});
