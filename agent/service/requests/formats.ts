/** How text in a request must look, by the `format` that its schema gives it. */

import { isIP } from "node:net";
import type { Format } from "../../values/json-schema.ts";
import { quote } from "../../values/quote.ts";

export const REQUEST_FORMATS: Readonly<Record<string, Format>> = {
  plain_address(value) {
    return isIP(value) !== 0 && !value.includes("%") ? undefined : { error: `${quote(value)} is not an address` };
  },
};
