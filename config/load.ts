/** Reads what the operator wrote. Either a whole valid configuration comes out, or all that is wrong with it. */

import { basename, dirname, resolve } from "node:path";
import { checkBans } from "./bans.ts";
import { decode, LARGEST_FILE, NO_SUCH_FILE, readConfigFile } from "../agent/files/file.ts";
import { Findings, formatPath } from "./findings.ts";
import type { Finding } from "./findings.ts";
import { printable } from "../agent/values/quote.ts";
import { checkRules, warnOfFailsafe, warnOfNetworks } from "./rules.ts";
import { checkSets } from "./sets.ts";
import { checkShape } from "./shape.ts";
import { FILE_SHAPE } from "./shapes.ts";
import { parseSize } from "../agent/values/size.ts";
import { positionsOf } from "./text/lines.ts";
import { itemLines, locate, readText } from "./text/read.ts";
import { Wanted } from "./text/wanted.ts";
import type { Complaint, Path } from "./text/wanted.ts";
import type { WeirConfig } from "./types.ts";

export interface Problem {
  /** file:line:column, or the file alone where it could not be read. */
  where: string;
  /** As `rules[3].layer4.protocol`; empty where the file as a whole is meant. */
  path: string;
  message: string;
  /** The offending value, bounded and printable. */
  value?: string;
  /** What may have been meant. */
  suggestion?: string;
}

export interface LoadedConfig {
  ok: true;
  config: WeirConfig;
  /** The file's name without its directory, as events show it. */
  name: string;
  /** The line of each rule of `config.rules`. */
  ruleLines: Uint32Array;
  /** file:line:column of a JSON pointer, as `/rules/3/layer4`. Reads the text again; meant for messages. */
  locate(pointer: string): string;
  warnings: Problem[];
}

export type Loaded = LoadedConfig | { ok: false; problems: Problem[] };

/** `calledPath`: what messages call the file, and where its relative paths begin. */
export async function loadConfig(path: string, calledPath = path): Promise<Loaded> {
  const file = await readConfigFile(path);
  if ("refused" in file)
    return refuse(path, file.refused === NO_SUCH_FILE ? `${NO_SUCH_FILE}; write one, or name another with --config` : file.refused);
  const decoded = decode(file.bytes);
  if ("refused" in decoded) return refuse(`${path}:${decoded.line}:${decoded.column}`, decoded.refused);
  const loaded = parseConfig(decoded.text, calledPath);
  // Who can write the rules of root's agent is as good as root.
  if (loaded.ok && (file.stats.mode & 0o022) !== 0) {
    loaded.warnings.push({ where: path, path: "", message: "others than the owner can write this file; run chmod 600 on it" });
  }
  return loaded;
}

/** Checks text that came from `name`, which messages repeat. */
export function parseConfig(text: string, name: string): Loaded {
  if (text.length > LARGEST_FILE) return refuse(name, `the text is longer than ${LARGEST_FILE / 1024 / 1024} MB`);
  const judged = judge(text, name);
  if ("stopped" in judged) return { ok: false, problems: placed(judged.stopped, text, name) };
  if ("errors" in judged) return { ok: false, problems: problemsOf(judged.errors, judged.complaints, text, name) };
  const { config, ruleOffsets, warnings } = judged;
  for (const set of Object.values(config.sets)) if (set.file !== undefined) set.file = resolve(dirname(name), set.file);
  config.audit.rotate.size = parseSize(config.audit.rotate.size) as number;
  config.audit.actions.size = parseSize(config.audit.actions.size) as number;
  return {
    ok: true,
    config,
    name: basename(name),
    ruleLines: itemLines(text, ruleOffsets),
    locate: (pointer) => whereIs(text, name, pathOf(pointer)),
    warnings: problemsOf(warnings, [], text, name),
  };
}

type Judged =
  | { config: WeirConfig; ruleOffsets: number[]; warnings: Findings }
  | { errors: Findings; complaints: Complaint[] }
  | { stopped: Complaint[] };

/** A function of its own, so that a refused value is garbage before the text is read again to find the places. */
function judge(text: string, name: string): Judged {
  const wanted = new Wanted();
  const ruleOffsets: number[] = [];
  wanted.at(["rules"]).items = ruleOffsets;
  const reading = readText(text, name, wanted);
  if ("stopped" in reading) return reading;
  const { value, complaints } = reading;
  if (value === null) return { stopped: [{ offset: 0, message: 'the file is empty; begin with "version: 1"' }] };
  const errors = new Findings();
  const warnings = new Findings();
  checkShape(value, FILE_SHAPE, [], errors);
  const config = value as WeirConfig;
  if (Array.isArray(config.rules)) checkRules(config.rules, mappingIn(config.sets), errors, warnings);
  if (errors.count === 0) checkBans(config.bans, errors, warnings);
  if (errors.count === 0) checkSets(config.sets, errors);
  if (complaints.length > 0 || errors.count > 0) return { errors, complaints };
  warnOfFailsafe(config.failsafe.addresses, warnings);
  for (const [name, { addresses = [] }] of Object.entries(config.sets)) warnOfNetworks(addresses, ["sets", name, "addresses"], warnings);
  return { config, ruleOffsets, warnings };
}

/** One line for a person: where, what, and what to write instead. */
export function formatProblem({ where, path, message, suggestion }: Problem): string {
  const place = path === "" ? where : `${where}: ${path}`;
  return `${place}: ${message}${suggestion === undefined ? "" : `; did you mean ${suggestion}?`}`;
}

function refuse(where: string, message: string): Loaded {
  return { ok: false, problems: [{ where: printable(where, 4096), path: "", message }] };
}

/** What was found, in the order of the file and with places. */
export function problemsOf(findings: Findings, complaints: Complaint[], text: string, name: string): Problem[] {
  const offsets = locate(text, name, findings.kept);
  const located = findings.kept.map((finding, index) => ({ offset: offsets[index] ?? 0, ...finding }));
  const problems = placed([...complaints, ...located], text, name);
  if (findings.rest !== undefined) problems.push({ where: name, path: "", message: findings.rest });
  return problems;
}

/** In the order of the file, with lines and columns. */
function placed(found: (Complaint & Partial<Finding>)[], text: string, name: string): Problem[] {
  const ordered = found.toSorted((a, b) => a.offset - b.offset).slice(0, 200);
  const positions = positionsOf(
    text,
    ordered.map(({ offset }) => offset),
  );
  return ordered.map(({ message, path = [], value, suggestion }, index) => ({
    where: `${printable(name, 4096)}:${positions[index]?.line}:${positions[index]?.column}`,
    path: printable(formatPath(path), 200),
    message,
    ...(value === undefined ? {} : { value: shown(value) }),
    ...(suggestion === undefined ? {} : { suggestion: printable(suggestion) }),
  }));
}

function shown(value: unknown): string {
  if (typeof value === "string") return printable(value);
  if (Array.isArray(value)) return value.length === 0 ? "[]" : "[...]";
  return typeof value === "object" ? "{...}" : String(value);
}

function whereIs(text: string, name: string, path: Path): string {
  const [place] = placed([{ offset: locate(text, name, [{ path, ofKey: true }])[0] ?? 0, message: "" }], text, name);
  return place?.where ?? name;
}

function pathOf(pointer: string): Path {
  const steps = pointer.split("/").slice(1);
  return steps.map((step) => (/^[0-9]+$/.test(step) ? Number(step) : step.replaceAll("~1", "/").replaceAll("~0", "~")));
}

/** undefined where it is none, of which was told. */
function mappingIn(value: unknown): Record<string, unknown> | undefined {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : undefined;
}
