/** How text in a request must look, by the `format` that its schema gives it. */

import { isIP } from "node:net";
import { FORMATS } from "../../../config/formats.ts";
import { readAddress } from "../../values/address.ts";
import { type Format, misreading } from "../../values/json-schema.ts";
import { quote } from "../../values/quote.ts";

export const REQUEST_FORMATS: Readonly<Record<string, Format>> = {
  address: (value) => (/[/-]/.test(value) ? { error: `${quote(value)} is more than one address` } : misreading(readAddress(value))),
  /** Of the end of a TCP connection, as sshd writes it; a zone would tell nothing. */
  plain_address(value) {
    return isIP(value) !== 0 && !value.includes("%") ? undefined : { error: `${quote(value)} is not an address` };
  },
  text: FORMATS["text"]!,
  set_name: FORMATS["set_name"]!,
};
