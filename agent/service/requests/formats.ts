/** The formats of text in requests. Schemas name them as `format`. */

import { isIP } from "node:net";
import { FORMATS } from "../../../config/formats.ts";
import { readAddress, readNetworks } from "../../values/address.ts";
import { type Format, misreading } from "../../values/json-schema.ts";
import { quote } from "../../values/quote.ts";

export const REQUEST_FORMATS: Readonly<Record<string, Format>> = {
  address: (value) => (/[/-]/.test(value) ? { error: `${quote(value)} is more than one address` } : misreading(readAddress(value))),
  /** This is the address of a TCP connection in SSH_CONNECTION. It has no zone, because a zone means nothing outside of its host. */
  plain_address(value) {
    return isIP(value) !== 0 && !value.includes("%") ? undefined : { error: `${quote(value)} is not an address` };
  },
  network(value) {
    const reading = readNetworks(value);
    if ("error" in reading || reading.networks.length === 1) return misreading(reading);
    return { error: `${quote(value)} is more than one prefix` };
  },
  text: FORMATS["text"]!,
  set_name: FORMATS["set_name"]!,
};
