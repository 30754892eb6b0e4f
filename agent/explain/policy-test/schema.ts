/** The schema of a file of policy tests. */

import { TCP_FLAGS } from "../../values/names.ts";
import { HIGHEST_USER, PROCESS_KEYS } from "../../policy/fields/process.ts";
import type { ProcessDescription } from "../process.ts";
import type { Schema } from "../../../config/schema.ts";

export type Expectation = "allow" | "block" | "undecided";

const MOST_CASES = 10_000;
const MOST_CAPTURES = 1000;
const MOST_ENDS = 1000;

/** The interface and the direction. */
const PLACE: Record<string, Schema> = {
  in: { type: "string", format: "interface", examples: ["eth0"] },
  out: { type: "string", format: "interface", examples: ["eth0"] },
  forwarded: { type: "boolean" },
};

const EXPECTED: Record<string, Schema> = {
  expect: { enum: ["allow", "block", "undecided"], examples: ["block"] },
  rule: { type: "string" },
  staged: { type: "string" },
};

const PORT: Schema = { type: "integer", minimum: 0, maximum: 65_535 };

const PACKET: Schema = {
  type: "object",
  additionalProperties: false,
  required: ["src", "dst", "proto"],
  properties: {
    ...PLACE,
    src: { type: "string", examples: ["192.0.2.7"] },
    dst: { type: "string", examples: ["198.51.100.1"] },
    proto: { type: ["string", "integer"], format: "protocol", minimum: 0, maximum: 255, examples: ["tcp"] },
    sport: PORT,
    dport: PORT,
    flags: { type: "array", items: { enum: Object.keys(TCP_FLAGS) } },
    icmp: {
      type: ["string", "integer", "object"],
      additionalProperties: false,
      minimum: 0,
      maximum: 255,
      required: ["type"],
      properties: {
        type: { type: ["string", "integer"], minimum: 0, maximum: 255, examples: ["echo-request"] },
        code: { type: ["string", "integer"], minimum: 0, maximum: 255 },
      },
    },
    vlan: { type: "integer", minimum: 0, maximum: 4094 },
    process: {
      type: "object",
      additionalProperties: false,
      minProperties: 1,
      properties: {
        ...Object.fromEntries(PROCESS_KEYS.map((key) => [key, { type: "string", format: "process_pattern" }])),
        user: { type: ["string", "integer"], format: "process_pattern", minimum: 0, maximum: HIGHEST_USER },
        parent: { type: ["string", "array"], format: "process_pattern", items: { type: "string", format: "process_pattern" } },
      },
    },
    no_process: { type: "boolean" },
  },
};

const ADDRESS: Schema = { type: "string", examples: ["198.51.100.1"] };

/** Failsafes hold inside tunnels that these devices decapsulate. */
const HOST: Schema = {
  type: "object",
  additionalProperties: false,
  properties: {
    addresses: { type: "array", maxItems: MOST_ENDS, items: ADDRESS },
    tunnels: {
      type: "array",
      maxItems: MOST_ENDS,
      items: {
        type: "object",
        additionalProperties: false,
        required: ["kind"],
        properties: {
          kind: { enum: ["vxlan", "geneve", "gre", "ipip"], examples: ["vxlan"] },
          id: { type: "integer", minimum: 0, maximum: 0xffff_ffff },
          local: ADDRESS,
          remote: ADDRESS,
          port: { type: "integer", minimum: 1, maximum: 65_535 },
        },
      },
    },
  },
};

export const TEST_FILE: Schema = {
  type: "object",
  additionalProperties: false,
  required: ["policy"],
  properties: {
    policy: { type: "string", examples: ["weir.yaml"] },
    host: HOST,
    cases: {
      type: "array",
      maxItems: MOST_CASES,
      items: {
        type: "object",
        additionalProperties: false,
        required: ["name", "packet", "expect"],
        properties: {
          name: { type: "string", examples: ["telnet is not offered"] },
          packet: { ...PACKET, examples: ["{ in: eth0, src: 192.0.2.7, dst: 198.51.100.1, proto: tcp, dport: 23 }"] },
          ...EXPECTED,
        },
      },
    },
    pcaps: {
      type: "array",
      maxItems: MOST_CAPTURES,
      items: {
        type: "object",
        additionalProperties: false,
        required: ["file", "expect"],
        properties: {
          name: { type: "string" },
          file: { type: "string", examples: ["web.pcap"] },
          frame: { type: "integer", minimum: 1, maximum: 1_000_000 },
          local: { type: "array", items: { type: "string", format: "network" } },
          ...PLACE,
          ...EXPECTED,
        },
      },
    },
  },
};

/** The type of the same part, for the compiler. */
interface Place {
  in?: string;
  out?: string;
  forwarded?: boolean;
}

interface Expected {
  expect: Expectation;
  rule?: string;
  staged?: string;
}

export interface PacketEntry extends Place {
  src: string;
  dst: string;
  proto: string | number;
  sport?: number;
  dport?: number;
  flags?: string[];
  icmp?: string | number | { type: string | number; code?: string | number };
  vlan?: number;
  process?: ProcessDescription;
  no_process?: boolean;
}

export interface CaseEntry extends Expected {
  name: string;
  packet: PacketEntry;
}

export interface CaptureEntry extends Place, Expected {
  name?: string;
  file: string;
  frame?: number;
  local?: string[];
}

export interface TunnelEntry {
  kind: "vxlan" | "geneve" | "gre" | "ipip";
  id?: number;
  local?: string;
  remote?: string;
  port?: number;
}

export interface HostEntry {
  addresses?: string[];
  tunnels?: TunnelEntry[];
}

export interface TestFile {
  policy: string;
  host?: HostEntry;
  cases?: CaseEntry[];
  pcaps?: CaptureEntry[];
}
