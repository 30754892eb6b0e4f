/** The parts that the fields `layer3.source` and `layer3.destination` share. */

import { formatAddress, fromInteger, parseAddress, readNetworks, toInteger } from "../../values/address.ts";
import { type Format, misreading, type Schema } from "../../values/json-schema.ts";
import { meansAny } from "../../values/meant.ts";
import { quote } from "../../values/quote.ts";
import { explainSetName, orSet, setNamed } from "../named-sets.ts";
import type { Subject } from "../subject.ts";
import type { Want } from "./field.ts";

export type AddressEnd = "source" | "destination";

export const ADDRESS_OPERATORS = {
  address: "is this address",
  prefix: "shares the first bits with it",
  range: "lies in it, both ends included",
  set: "is in this set",
};

export const ADDRESS_LIST: Schema = { type: "array", items: { type: "string", format: "network_or_set" } };

export const ADDRESS_FORMATS: Readonly<Record<string, Format>> = {
  network_or_set(value, sets) {
    if (meansAny(value)) return { error: `${quote(value)} is not an address; leave the list out to match any` };
    const name = setNamed(value);
    return name === undefined ? orSet(misreading(readNetworks(value)), value, sets) : explainSetName(name);
  },
};

const MAPPED_FIRST = 0xffff_0000_0000n;
const MAPPED_LAST = 0xffff_ffff_ffffn;

export function wantAddress(text: string, end: AddressEnd): Want {
  const set = setNamed(text);
  if (set !== undefined) return { operator: "set", text, holds: (subject) => subject.sets.hasAddress(set, subject[end]) };
  const contains = addressesOf(text);
  return {
    operator: text.includes("/") ? "prefix" : text.includes("-") ? "range" : "address",
    text,
    holds: (subject) => contains(subject[end]),
  };
}

/** Describes the address, together with the sets of the rule that it is in, and is not in. */
export function gotAddress(address: bigint, wanted: readonly string[] = [], { sets }: Subject): string {
  const memberships = wanted.flatMap((text) => {
    const set = setNamed(text);
    return set === undefined ? [] : `${sets.hasAddress(set, address) ? "in" : "not in"} ${text}`;
  });
  return [formatAddress(fromInteger(address)), ...memberships].join(", ");
}

/** This compares integers, unlike the compiled form, which compares bits under a mask. So each checks the other. */
export function addressesOf(text: string): (address: bigint) => boolean {
  const [first, last = first] = text.split("-") as [string, string?];
  const [base, length] = first.split("/") as [string, string?];
  const address = parseAddress(base);
  const isIPv4 = address.family === 4;
  const span = length === undefined ? 1n : 1n << BigInt((isIPv4 ? 32 : 128) - Number(length));
  const low = (toInteger(address.bytes) / span) * span;
  const high = length === undefined ? toInteger(parseAddress(last).bytes) : low + span - 1n;
  // ::/0 is all of IPv6. IPv4 is no part of it, although it is held in the same form here.
  return (value) => (value >= MAPPED_FIRST && value <= MAPPED_LAST) === isIPv4 && value >= low && value <= high;
}
