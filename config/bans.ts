/** What the schema cannot say of bans. */

import { isMapped, maskTo, readNetworks } from "../agent/values/address.ts";
import type { Findings } from "./findings.ts";
import { warnOfNetworks } from "./rules.ts";

/** As many as the kernel looks at. */
const MOST_PREFIXES = 32;
const MAPPED = Uint8Array.from([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0, 0, 0, 0]);

/** Whether an IPv6 prefix holds IPv4 addresses as they look in 128 bits. */
export function holdsIPv4(address: Uint8Array, length: number): boolean {
  const own = maskTo(MAPPED, length);
  return !isMapped(address) && address.every((byte, index) => byte === own[index]);
}

export function checkBans({ except }: { except: unknown[] }, errors: Findings, warnings: Findings): void {
  const path = ["bans", "except"];
  let prefixes = 0;
  for (const [index, text] of except.entries()) {
    const reading = typeof text === "string" ? readNetworks(text) : { error: "" };
    if ("error" in reading) continue; // told of before
    prefixes += reading.networks.length;
    const everyone = reading.networks.some(({ family, address, length }) => (family === 4 ? length === 96 : holdsIPv4(address, length)));
    if (everyone) errors.add([...path, index], "this exempts every address from bans; name only those that you mean", { value: text });
  }
  if (prefixes > MOST_PREFIXES)
    errors.add(path, `these become ${prefixes} prefixes, and at most ${MOST_PREFIXES} fit; a range can become many`);
  warnOfNetworks(except, path, warnings);
}
