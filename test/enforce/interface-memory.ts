/** The kernel's tables of interfaces, as plain memory. */

import { InterfaceEntry, Limit } from "../../agent/generated/layout.ts";
import type { ApartTable } from "../../agent/policy/interface-table.ts";

export function interfaceMemory(): Uint8Array {
  return new Uint8Array((Limit.INTERFACE_PLACES + Limit.INTERFACES_APART) * InterfaceEntry.size);
}

/** From indexes to places. */
export class PlainTable implements ApartTable {
  readonly places = new Map<number, number>();

  update(key: Uint8Array, value: Uint8Array): void {
    this.places.set(numberIn(key), numberIn(value));
  }

  delete(key: Uint8Array): boolean {
    return this.places.delete(numberIn(key));
  }
}

function numberIn(bytes: Uint8Array): number {
  return new Uint32Array(bytes.buffer, bytes.byteOffset, 1)[0]!;
}
