/** What text in a configuration must look like, by the `format` that the schema gives it. */

import { readNetworks } from "../agent/values/address.ts";
import type { Misreading } from "../agent/values/address.ts";
import { readDuration } from "../agent/values/duration.ts";
import { explainInterface } from "../agent/values/interfaces.ts";
import { type Format, misreading } from "../agent/values/json-schema.ts";
import { readPorts } from "../agent/values/ports.ts";
import { isPrintable, printable, quote } from "../agent/values/quote.ts";
import { FIELD_ENTRIES } from "../agent/policy/fields/index.ts";
import { explainSetName } from "../agent/policy/named-sets.ts";
import { parseSize } from "../agent/values/size.ts";

const LONGEST_NAME = 64;
const LONGEST_TEXT = 1024;
const LONGEST_PATH = 4095;
/** Of sockaddr_un, less the closing NUL. */
const LONGEST_SOCKET_PATH = 107;
/** Of sizes written with a unit; the schema says the same of those in bytes. */
export const SMALLEST_SIZE = 64_000;
export const LARGEST_SIZE = 1e12;
/** Seconds. What is left in force for longer is better left to an agent that runs. */
const LONGEST_HAND_OVER = 86_400;
/** What events call the decisions that no rule of the operator makes. */
const RESERVED_NAMES = ["default", "failsafe", "on_error", "ban"];

export const FORMATS: Readonly<Record<string, Format>> = {
  ...Object.assign({}, ...FIELD_ENTRIES.map(([, { formats }]) => formats)),
  network: (value) => misreading(readNetworks(value)),
  ports: (value) => misreading(readPorts(value)),
  set_name: explainSetName,
  interface(value) {
    const error = isPrintable(value) ? explainInterface(value) : "an interface name has only printable characters";
    return error === undefined ? undefined : { error };
  },
  rule_name(value) {
    if (value === "") return { error: "the name is empty" };
    if (value.length > LONGEST_NAME) return { error: `the name is longer than ${LONGEST_NAME} characters` };
    if (RESERVED_NAMES.includes(value)) return { error: `weir calls decisions of its own ${quote(value)}; choose another name` };
    if (/^[\p{L}\p{M}\p{N}._:/-]+$/u.test(value)) return undefined;
    const suggestion = value.trim().replace(/[^\p{L}\p{M}\p{N}._:/-]/gu, "-");
    return { error: `the name ${quote(value)} has characters other than letters, digits and . _ : / -`, suggestion };
  },
  text(value) {
    if (value.length > LONGEST_TEXT) return { error: `the text is longer than ${LONGEST_TEXT} characters` };
    // A block of text in YAML ends its lines.
    return isPrintable(value.replaceAll("\n", " ")) ? undefined : { error: `the text ${quote(value)} has characters that cannot be shown` };
  },
  path: (value) => explainPath(value, LONGEST_PATH),
  file: (value) => explainFile(value),
  socket_path: (value) => explainPath(value, LONGEST_SOCKET_PATH),
  size(value) {
    const bytes = parseSize(value);
    if (bytes === undefined) return { error: `${quote(value)} is not a size, as 1048576, 100MB or 64MiB` };
    return bytes < SMALLEST_SIZE || bytes > LARGEST_SIZE ? { error: `the size ${printable(value)} is outside 64kB to 1000GB` } : undefined;
  },
  duration: (value) => misreading(readDuration(value)),
  hand_over(value) {
    const reading = readDuration(value);
    if ("error" in reading) return reading;
    return reading.seconds > LONGEST_HAND_OVER ? { error: `the duration ${value} is longer than a day` } : undefined;
  },
  endpoint(value) {
    const url = URL.parse(value);
    if (url === null || !isPrintable(value)) return { error: `${quote(value)} is not a URL, as http://127.0.0.1:4318` };
    if (url.protocol !== "http:" && url.protocol !== "https:") return { error: `the URL ${quote(value)} is not one of http or https` };
    if (url.username !== "" || url.password !== "")
      return { error: "the URL holds a password; give it in the variable OTEL_EXPORTER_OTLP_HEADERS" };
    return undefined;
  },
  attribute_name(value) {
    if (value.length <= 255 && /^[A-Za-z][A-Za-z0-9_.-]*$/.test(value)) return undefined;
    return { error: `${quote(value)} is not the name of an attribute: letters, digits and . _ -, a letter first` };
  },
};

/** Relative paths are below the folder of the configuration. */
function explainFile(value: string): Misreading | undefined {
  return value === "" ? { error: "the path is empty" } : explainPath(value.startsWith("/") ? value : `/${value}`, LONGEST_PATH);
}

function explainPath(value: string, longest: number): Misreading | undefined {
  if (!value.startsWith("/")) return { error: `${quote(value)} is not an absolute path` };
  if (!isPrintable(value)) return { error: `the path ${quote(value)} has characters that cannot be shown` };
  if (Buffer.byteLength(value) > longest) return { error: `the path is longer than ${longest} bytes` };
  return undefined;
}
