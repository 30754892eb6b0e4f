/** Parses Ethernet II and its VLAN tags. */

import { Limit } from "../../generated/layout.ts";
import { Undecidable, type Reader } from "./packet.ts";

const VLAN_TYPES = [0x8100, 0x88a8];

export interface EthernetHeader {
  etherType: number;
  /** The ids of the tags, outermost first. A priority tag is a tag with id 0. */
  vlan: number[];
}

/** Reads the header and moves the reader behind it. A tag that the driver removed counts as the outermost. */
export function readEthernet(reader: Reader, metadataTags: readonly number[] = []): EthernetHeader {
  return readTags(reader, reader.take(14, "ethernet_truncated").getUint16(12), metadataTags);
}

/** Reads the tags that follow, as long as the type announces one. */
export function readTags(reader: Reader, type: number, metadataTags: readonly number[] = []): EthernetHeader {
  let etherType = type;
  const vlan = [...metadataTags];
  while (VLAN_TYPES.includes(etherType)) {
    if (vlan.length === Limit.VLAN_TAGS) throw new Undecidable("vlan_depth");
    const tag = reader.take(4, "vlan_truncated");
    vlan.push(tag.getUint16(0) & 0x0fff);
    etherType = tag.getUint16(2);
  }
  return { etherType, vlan };
}
