/** The field `process`: the process on this host that a connection belongs to. */

import { MatcherFlag, PATTERN_TEXT, Rule } from "../../generated/layout.ts";
import type { Misreading } from "../../values/address.ts";
import type { Schema } from "../../values/json-schema.ts";
import { fits } from "../../values/pattern.ts";
import { isPrintable, quote } from "../../values/quote.ts";
import type { Workload } from "../../values/workload.ts";
import type { LocalProcess } from "../subject.ts";
import { type Truth, every, some } from "../three-valued.ts";
import { ANY, BOTH_WAYS, expansion, type Field, NONE, type Option, UNKNOWN, worded } from "./field.ts";
import { list, word } from "./option-text.ts";

/** The keys in the order in which messages list them. */
export const PROCESS_KEYS = ["executable", "command", "user", "parent", "container", "unit", "pod", "namespace"] as const;
export type ProcessKey = (typeof PROCESS_KEYS)[number];

/** Each key has one text, or several of which one must fit. `*` stands for any characters. */
export type ProcessConfig = { [Key in ProcessKey]?: ProcessText | ProcessText[] };
/** A number is the number of a user. */
export type ProcessText = string | number;

declare module "../rule.ts" {
  interface RuleConfig {
    /** The process at the local end. */
    process?: ProcessConfig;
  }
  interface NotConfig {
    process?: ProcessConfig;
  }
}

const LIST: Schema = { minItems: 1, maxItems: 256 };
/** (uid_t)-1 means no user. */
export const HIGHEST_USER = 0xffff_fffe;
const USER: Schema = { format: "process_pattern", minimum: 0, maximum: HIGHEST_USER };

function texts(format: string): Schema {
  return { type: ["string", "array"], format, ...LIST, items: { type: "string", format } };
}

const KEYS: Record<ProcessKey, Schema> = {
  executable: {
    title: "Executable",
    description:
      "The process runs this file. Write the path as the process itself sees it; for a script it is that of the interpreter. You can write one path or a list, and `*` stands for any characters.",
    ...texts("executable_pattern"),
    examples: ["/usr/bin/curl", ["*/python3*", "/opt/backup/*"]],
  },
  command: {
    title: "Command",
    description: "The process was started with this name and these arguments. Write spaces between them. weir compares up to 512 bytes.",
    ...texts("process_pattern"),
    examples: ["python3 /opt/backup/run.py *"],
  },
  user: {
    title: "User",
    description: "The process runs as this user. Write the login name or the number.",
    type: ["string", "integer", "array"],
    ...USER,
    ...LIST,
    items: { type: ["string", "integer"], ...USER },
    examples: ["www-data", [33, "backup"]],
  },
  parent: {
    title: "Parent",
    description: "A process above it runs this executable: its parent, or the parent of that, and so on.",
    ...texts("executable_pattern"),
    examples: ["/usr/sbin/cron"],
  },
  container: {
    title: "Container",
    description: "The process is in this container. Write a name or an identifier. `*` means any container.",
    ...texts("process_pattern"),
    examples: ["billing", "*"],
  },
  unit: { title: "Unit", description: "The process is in this systemd unit.", ...texts("process_pattern"), examples: ["nginx.service"] },
  pod: {
    title: "Pod",
    description: "The process is in this Kubernetes pod. Write the name alone, or behind the namespace and a slash.",
    ...texts("process_pattern"),
    examples: ["web-*", "shop/web-0"],
  },
  namespace: {
    title: "Namespace",
    description: "The process is in a pod of this Kubernetes namespace.",
    ...texts("process_pattern"),
    examples: ["shop"],
  },
};

const SCHEMA: Schema = {
  title: "Process",
  description:
    "The connection belongs to such a process on this host: the one that sends, or the one that has the socket to which the connection comes. All of these keys must fit. A connection that only passes through this host has no process, and fits nothing.",
  type: "object",
  additionalProperties: false,
  minProperties: 1,
  examples: [{ executable: "/usr/bin/curl", user: "www-data" }],
  properties: KEYS,
};

const OPTIONS: Record<ProcessKey, Option> = {
  executable: {
    key: "executable",
    value: "LIST",
    about: "paths of the program of the local process; * stands for any characters",
    read: list,
  },
  command: { key: "command", value: "TEXT", about: "command line of the process, as 'python3 /opt/backup.py *'", read: word },
  user: { key: "user", value: "LIST", about: "login names or numbers of the user of the process", read: list },
  parent: { key: "parent", value: "LIST", about: "paths of the programs of the processes above it", read: list },
  container: { key: "container", value: "LIST", about: "names or identifiers of the container of the process", read: list },
  unit: { key: "unit", value: "LIST", about: "systemd units of the process", read: list },
  pod: { key: "pod", value: "LIST", about: "Kubernetes pods of the process", read: list },
  namespace: { key: "namespace", value: "LIST", about: "Kubernetes namespaces of the pod", read: list },
};

export const PROCESS = {
  schema: SCHEMA,
  formats: { process_pattern: explainPattern, executable_pattern: explainExecutable },
  not: {
    schema: {
      ...SCHEMA,
      title: "Process left out",
      description: "The rule leaves out these processes. A connection without a process is not left out.",
      examples: [{ user: "root" }],
    },
    means: "is no such process",
  },
  options: OPTIONS,
  text: {
    place: "process",
    words: ({ process }) =>
      worded("of ", process === undefined ? [] : namedIn(process).map((key) => `${key} ${textsOf(process, key).join("|")}`)),
  },
  directions: BOTH_WAYS,
  operators: {
    executable: "runs this file",
    command: "was started with this command",
    user: "belongs to this user",
    parent: "has a process above itself that runs this file",
    container: "is in this container",
    unit: "is in this unit",
    pod: "is in this pod",
    namespace: "is in a pod of this namespace",
    several: "is all of this",
  },
  judged: "once",
  wants: ({ process }) => (process === undefined ? [] : [wantProcess(process)]),
  got: ({ process }, rule) => describe(process, namedIn(rule.process ?? {})),
  expansion: expansion<number>({
    alternatives({ process }, _, left) {
      const flags = (process === undefined ? 0 : MatcherFlag.OF_KIND) | (left === "process" ? MatcherFlag.OF_OTHER_KIND : 0);
      return flags === 0 ? ANY : [flags];
    },
    write: (lines, line, flags) => lines.askForProcess(line, flags),
  }),
  write({ process, not }, bytes) {
    if (process !== undefined) bytes.setUint16(Rule.kind, bytes.kindOf(process));
    if (not?.process !== undefined) bytes.setUint16(Rule.other_kind, bytes.kindOf(not.process));
  },
} satisfies Field;

/** Returns the texts of a key; an empty list if the rule does not name it. */
export function textsOf(process: ProcessConfig | undefined, key: ProcessKey): string[] {
  const said = process?.[key] ?? [];
  return (Array.isArray(said) ? said : [said]).map(String);
}

/** Explains what is wrong with a pattern; undefined if it is right. */
function explainPattern(value: string): Misreading | undefined {
  if (value === "") return { error: "the text is empty; `*` stands for any" };
  if (!isPrintable(value)) return { error: `the text ${quote(value)} has characters that cannot be shown` };
  if (Buffer.byteLength(value) > PATTERN_TEXT) return { error: `the text is longer than ${PATTERN_TEXT} bytes` };
  return undefined;
}

/** Explains what is wrong with the pattern of an executable, which is its path. */
function explainExecutable(value: string): Misreading | undefined {
  const wrong = explainPattern(value);
  if (wrong !== undefined || value.startsWith("/") || value.startsWith("*")) return wrong;
  return { error: `${quote(value)} is not the whole path of an executable`, suggestion: JSON.stringify(`*/${value}`) };
}

function wantProcess(wanted: ProcessConfig) {
  const named = namedIn(wanted);
  return {
    operator: named.length === 1 ? named[0]! : "several",
    text: named.map((key) => `${key} ${textsOf(wanted, key).join(" or ")}`).join(", "),
    holds: ({ process }: { process: LocalProcess | null | undefined }): Truth => {
      if (process === null) return false;
      return every(named.map((key) => some(textsOf(wanted, key).map((text) => fitsAspect(key, text, process ?? {})))));
    },
  };
}

function namedIn(process: ProcessConfig): ProcessKey[] {
  return PROCESS_KEYS.filter((key) => textsOf(process, key).length > 0);
}

/** Returns undefined if the facts that it depends on are not known. */
export function fitsAspect(key: ProcessKey, text: string, { executable, command, user, parents, workload }: LocalProcess): Truth {
  switch (key) {
    case "executable":
      return executable === undefined ? undefined : fits(text, executable);
    case "command":
      return command === undefined ? undefined : fits(text, command);
    case "user":
      return user && fitsUser(text, user);
    case "parent":
      return parents?.some((parent) => fits(text, parent));
    default:
      return workload && fitsWorkload(key, text, workload);
  }
}

/** A number is compared with the user's number only, not with the name. */
export function fitsUser(text: string, { uid, name }: NonNullable<LocalProcess["user"]>): boolean {
  return /^[0-9]+$/.test(text) ? Number(text) === uid : name !== undefined && fits(text, name);
}

/** Returns undefined while the names are unknown. */
export function fitsWorkload(key: ProcessKey, text: string, { container, unit, pod }: Workload): Truth {
  switch (key) {
    case "unit":
      return unit !== undefined && fits(text, unit);
    case "container":
      return container === undefined ? false : fits(text, container.id) || fitsName(text, container.name);
    case "pod":
      return pod === undefined ? false : fitsName(text, pod.name) || fitsName(text, pod.name && `${pod.namespace}/${pod.name}`);
    default:
      return pod === undefined ? false : fitsName(text, pod.namespace);
  }
}

function fitsName(text: string, name: string | undefined): Truth {
  if (text.replaceAll("*", "") === "") return true;
  return name === undefined ? undefined : fits(text, name);
}

function describe(process: LocalProcess | null | undefined, wanted: readonly ProcessKey[]): string {
  if (process === null) return NONE;
  if (process === undefined) return UNKNOWN;
  const { executable, command, user, parents, workload: { container, unit, pod } = {} } = process;
  const said: Record<ProcessKey, string | undefined> = {
    executable,
    command,
    user: user && (user.name ?? String(user.uid)),
    parent: parents?.join(" < "),
    container: container?.name ?? container?.id,
    unit,
    pod: pod?.name ?? pod?.uid,
    namespace: pod?.namespace,
  };
  return wanted
    .map((key) => `${key} ${said[key] ?? (key in ASPECT_OF_WORKLOAD && process.workload !== undefined ? NONE : UNKNOWN)}`)
    .join(", ");
}

const ASPECT_OF_WORKLOAD = { container: 1, unit: 1, pod: 1, namespace: 1 };
