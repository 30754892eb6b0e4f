/** Ports as the operator writes them: a number, or `first-last`. */

import { quote } from "./quote.ts";

export interface PortRange {
  first: number;
  last: number;
}

export type PortsReading = { range: PortRange } | { error: string; suggestion?: string };

const HIGHEST = 65_535;
const DIGITS = /^[0-9]{1,10}$/;

export function readPorts(text: string): PortsReading {
  const parts = text.split("-", 3);
  if (!parts.every((part) => DIGITS.test(part)) || parts.length > 2) {
    const spaceless = text.replaceAll(" ", "");
    const suggestion = spaceless !== text && "range" in readPorts(spaceless) ? { suggestion: spaceless } : {};
    return { error: `${quote(text)} is not a port or a range of ports, as 443 or "8000-8100"`, ...suggestion };
  }
  const [first, last] = parts.map(Number) as [number, number | undefined];
  const tooHigh = parts.find((part) => Number(part) > HIGHEST);
  if (tooHigh !== undefined) return { error: `port ${tooHigh} is above ${HIGHEST}` };
  if (last === undefined) return { range: { first, last: first } };
  if (first > last) return { error: `the range ${quote(text)} is reversed`, suggestion: `${last}-${first}` };
  return { range: { first, last } };
}

/** Returns the ports of a value that was validated before. Throws a SyntaxError on any other text. */
export function parsePorts(ports: number | string): PortRange {
  if (typeof ports === "number") return { first: ports, last: ports };
  const reading = readPorts(ports);
  if ("error" in reading) throw new SyntaxError(reading.error);
  return reading.range;
}
