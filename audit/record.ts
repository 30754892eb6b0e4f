/**
 * Writes the text of a line after its sequence number. Names of rules, processes and files may come from people who want to forge
 * a line, so everything that is not plain is quoted, escaped to printable ASCII and cut at a limit.
 */

import { basename } from "node:path";
import {
  EVENT_TYPES,
  type ProcessReference,
  SOCKET_EVENT_TYPES,
  type SocketEvent,
  type ReportedEvent,
  type Untimed,
  type VerdictEvent,
} from "../agent/observe/events/event.ts";
import type { Workload } from "../agent/values/workload.ts";
import type { Endpoint } from "../agent/values/traffic.ts";
import { shortNames } from "../agent/observe/events/workload.ts";
import { openSeal } from "./chain.ts";

/** The actions of operators, and of weir itself. */
export type ActionName =
  | "START"
  | "STOP"
  | "MODE"
  | "RELOAD"
  | "RELOAD-FAILED"
  | "CONFIG-REFUSED"
  | "RULE-ADD"
  | "RULE-DELETE"
  | "RULE-MOVE"
  | "RULE-CLEAR"
  | "RULE-EXPIRED"
  | "RULE-REFUSED"
  | "BAN"
  | "UNBAN"
  | "BAN-EXPIRED"
  | "SET-ADD"
  | "SET-REMOVE"
  | "SET-REFUSED"
  | "SET-EXPIRED"
  | "SET-FILE"
  | "BAN-REFUSED"
  | "REFUSED"
  | "ATTACH"
  | "DETACH";

/** The records in which the log describes itself. */
const LOG_RECORDS = [
  "BEGIN", // the first line of the first file
  "ROTATE", // the first line of a file that follows a full one
  "CONTINUE", // the first line of a file whose predecessor vanished
  "GAP", // records are missing here
  "REPAIR", // something about the file was repaired
] as const;
export type LogRecordName = (typeof LOG_RECORDS)[number];

/** Returns whether a record of this type is an operator's action. Events, and records of the log about itself, are not. */
export function isActionType(type: string): boolean {
  return ![...EVENT_TYPES, ...SOCKET_EVENT_TYPES, ...LOG_RECORDS].some((one) => one === type);
}

export type Detail = Record<string, string | number>;

export interface OperatorAction {
  action: ActionName;
  /** The user who asked; absent if weir acted by itself. */
  uid?: number;
  detail?: Detail;
}

const NAME_LIMIT = 128;
const DETAIL_LIMIT = 512;
/** Together with time, sequence and hash this stays well below LINE_LIMIT. */
const TEXT_LIMIT = 4096;

const PLAIN = /^[A-Za-z0-9_./:@%#+,*[\]-]+$/;

/** Writes an event: `DETECTED no-telnet-in tcp 198.18.0.1:40000 > 198.18.0.2:23 eth0 in pid=812 telnet (would drop)` */
export function eventText(event: Untimed<ReportedEvent>): string {
  return "rule" in event ? verdictText(event) : socketText(event);
}

function verdictText(event: Untimed<VerdictEvent>): string {
  const parts = [
    event.type,
    field(event.rule.name),
    field(event.protocol),
    endpoint(event.source),
    ">",
    endpoint(event.destination),
    field(event.interface),
    event.direction === "ingress" ? "in" : "out",
  ];
  if (event.icmp) parts.push(`type=${event.icmp.type}`, `code=${event.icmp.code}`);
  if (event.vlan?.length) parts.push(`vlan=${event.vlan.join(",")}`);
  if (event.tunnel) parts.push(`tunnel=${event.tunnel.kind}:${event.tunnel.id}`);
  if (event.nat) parts.push(`nat=${endpoint(event.nat.source)}>${endpoint(event.nat.destination)}`);
  if (event.reason !== undefined) parts.push(`reason=${field(event.reason)}`);
  if (event.process) parts.push(processText(event.process));
  parts.push(...workloadWords(event));
  if (event.would_drop) parts.push("(would drop)");
  return parts.join(" ");
}

/** The system call that an event of this type is usually about. A call is only written if it is another one. */
const EXPECTED_CALL: Partial<Record<SocketEvent["type"], string>> = {
  CONNECT_REFUSED: "connect",
  CONNECT_FAILED: "connect",
  BIND_FAILED: "bind",
  PACKET_SOCKET: "socket",
};

/** Writes a socket event: `BIND_FAILED tcp 0.0.0.0:80 reason=port_in_use holder=812 nginx pid=4711 python3` */
function socketText(event: Untimed<SocketEvent>): string {
  const parts: string[] = [event.type];
  if (event.protocol !== undefined) parts.push(field(event.protocol));
  if (event.local) parts.push(endpoint(event.local));
  if (event.remote) parts.push(">", endpoint(event.remote));
  if (event.interface !== undefined) parts.push(field(event.interface));
  if (event.network_namespace !== undefined)
    parts.push(`netns=${field(event.network_namespace.name ?? String(event.network_namespace.id))}`);
  if (event.bypass !== undefined) parts.push(`bypass=${event.bypass}`, `outcome=${event.outcome}`);
  if (event.new) parts.push("(new)");
  if (event.call !== undefined && event.call !== EXPECTED_CALL[event.type]) parts.push(`call=${field(event.call)}`);
  if (event.reason !== undefined) parts.push(`reason=${field(event.reason)}`);
  else if (event.error !== undefined && event.type !== "CONNECT_REFUSED") parts.push(`error=${field(event.error)}`);
  if (event.took_ms !== undefined) parts.push(`took=${event.took_ms}ms`);
  if (event.holder) parts.push(`holder=${event.holder.pid}`, field(event.holder.name));
  if (event.process) parts.push(processText(event.process));
  parts.push(...workloadWords(event));
  return parts.join(" ");
}

export function actionText(action: OperatorAction): string {
  const detail = action.uid === undefined ? action.detail : { uid: action.uid, ...action.detail };
  return recordText(action.action, detail);
}

/** Writes `NAME key=value key="another value"`. Values beyond the limit of a line are left out, which is marked. */
export function recordText(name: ActionName | LogRecordName, detail: Detail = {}): string {
  let text: string = name;
  for (const [key, value] of Object.entries(detail)) {
    const part = ` ${key}=${typeof value === "number" ? value : field(value, DETAIL_LIMIT)}`;
    if (text.length + part.length > TEXT_LIMIT) return `${text} ...`;
    text += part;
  }
  return text;
}

/** Writes one word: the text itself if it is plain, else in quotes, with `...` behind the quotes if it was cut. */
export function field(text: string, limit = NAME_LIMIT): string {
  if (text.length <= limit && PLAIN.test(text)) return text;
  let quoted = "";
  for (const character of text) {
    const next = escape(character);
    if (quoted.length + next.length > limit) return `"${quoted}"...`;
    quoted += next;
  }
  return `"${quoted}"`;
}

/** Keeps only printable ASCII: other scripts have characters that hide, reorder or imitate their neighbours. */
function escape(character: string): string {
  if (character === '"' || character === "\\") return `\\${character}`;
  if (character === "\n") return "\\n";
  const code = character.codePointAt(0)!;
  return code >= 0x20 && code <= 0x7e ? character : `\\u{${code.toString(16)}}`;
}

function unescape(word: string): string {
  const quoted = /^"((?:[^"\\]|\\.)*)"/.exec(word);
  if (!quoted) return word;
  return quoted[1]!.replace(/\\(?:u\{([0-9a-f]+)\}|(.))/g, (_, code: string | undefined, character: string) => {
    if (code !== undefined) return String.fromCodePoint(Math.min(parseInt(code, 16), 0x10ffff));
    return character === "n" ? "\n" : character;
  });
}

function endpoint({ address, port }: Endpoint): string {
  const host = address.includes(":") ? `[${field(address)}]` : field(address);
  return port === undefined ? host : `${host}:${port}`;
}

/** Names a process. A process chooses its own name, so if its file has another name, both are written. */
function processText({ pid, name, executable, user, ancestors, creator, holder }: ProcessReference): string {
  const parts = [`pid=${pid} ${field(name)}`];
  const kernelKeeps = 15; // the length of a command name in the kernel
  if (executable !== undefined && basename(executable).slice(0, kernelKeeps) !== name.slice(0, kernelKeeps))
    parts.push(`executable=${field(executable, DETAIL_LIMIT)}`);
  if (user !== undefined) parts.push(`user=${field(user)}`);
  if (ancestors !== undefined) parts.push(`by=${field(ancestors[0]!.name)}`);
  if (creator !== undefined) parts.push(`creator=${creator}`);
  if (holder) parts.push("(holder)");
  return parts.join(" ");
}

/** Writes the workload as `container=3f2a1bc4d5e6`, `pod=74c13223-5a00-11e9-b385-42010a80018d` and `unit=nginx.service`. */
function workloadWords(workload: Workload): string[] {
  return Object.entries(shortNames(workload)).map(([key, value]) => `${key}=${field(value)}`);
}

/** A line that was read. */
export interface AuditRecord {
  /** The time as written, in UTC. */
  time: string;
  sequence: number;
  /** The type, such as `DETECTED`, `MODE` or `GAP`. */
  type: string;
  /** The rule's name as the operator wrote it; only for events. */
  rule?: string;
  /** The text behind the type, as written. */
  text: string;
  hash: string;
}

const WORD = /^(?:"(?:[^"\\]|\\.)*"(?:\.\.\.)?|\S+)/;

/** Reads a line; null if it is not one of the audit log. The hash is not checked. */
export function parseRecord(line: string): AuditRecord | null {
  const sealed = openSeal(line);
  const match = sealed && /^(\S+) #\d+ (\S+)(?: (.*))?$/.exec(sealed.body);
  if (!match) return null;
  const [, time, type, text = ""] = match as unknown as [string, string, string, string?];
  const record: AuditRecord = { time, sequence: sealed.sequence, type, text, hash: sealed.hash };
  if (EVENT_TYPES.some((one) => one === type)) record.rule = unescape(WORD.exec(text)?.[0] ?? "");
  return record;
}

/** Returns the value of `key=` in a record that the log wrote about itself. */
export function detailOf(record: AuditRecord, key: string): string | undefined {
  return new RegExp(`(?:^| )${key}=([^" ]+)`).exec(record.text)?.[1];
}
