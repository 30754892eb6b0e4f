/** Reads a file of policy tests, and the policy and captures that it names. All problems are reported with their places. */

import { basename, dirname, resolve } from "node:path";
import { readAddress } from "../../values/address.ts";
import { decode, readConfigFile } from "../../files/file.ts";
import { Findings } from "../../../config/findings.ts";
import { loadConfig, type LoadedConfig, type Problem, problemsOf } from "../../../config/load.ts";
import { judgesOf } from "../../values/json-schema.ts";
import { nearest } from "../../values/nearest.ts";
import { printable, quote } from "../../values/quote.ts";
import { FORMATS } from "../../../config/formats.ts";
import { checkShape, type Shape } from "../../../config/shape.ts";
import { itemLines, readText } from "../../../config/text/read.ts";
import { Wanted } from "../../../config/text/wanted.ts";
import type { TcpFlag } from "../../values/names.ts";
import { arrivalsOf } from "../capture.ts";
import { readCaptureFile } from "../../inspect/capture/capture-file.ts";
import { CaptureError } from "../../inspect/capture/pcap.ts";
import { processOf } from "../process.ts";
import { explainPacket, frameOf, PACKET_WORDS, type PacketText } from "../packet.ts";
import type { Arrival, OwnEnds } from "../../policy/reference.ts";
import { readHost } from "./host.ts";
import { validators } from "../../generated/validators/policy-tests.js";
import { type CaptureEntry, type CaseEntry, type Expectation, type PacketEntry, TEST_FILE, type TestFile } from "./schema.ts";

/** Packets in their order. Each packet from `first` on has the same expectation. */
export interface PolicyCase {
  name: string;
  /** The place of the case, such as `policy.test.yaml:12`. */
  where: string;
  packets: { called: string; arrival: Arrival }[];
  /** The index of the first packet with the expectation. Earlier packets only prepare. */
  first: number;
  expect: Expectation;
  rule: string | undefined;
  staged: string | undefined;
}

export interface PolicyTest {
  policy: LoadedConfig;
  host: OwnEnds;
  cases: PolicyCase[];
}

type Path = (string | number)[];

/** Names of decisions that no rule of the operator makes. */
const BUILT_IN = ["default", "failsafe", "on_error", "ban"];

const SHAPE: Shape = { schema: TEST_FILE, validate: validators(judgesOf(FORMATS)).testFile };

const ONLY_DENIES =
  "no case expects allow: a policy that blocks everything, and a test that reaches nothing, would pass; add the allowed twin of a denied packet";

export async function loadPolicyTest(path: string): Promise<{ ok: true; test: PolicyTest } | { ok: false; problems: Problem[] }> {
  const file = await readConfigFile(path);
  if ("refused" in file) return refuse(path, file.refused);
  const decoded = decode(file.bytes);
  if ("refused" in decoded) return refuse(`${path}:${decoded.line}:${decoded.column}`, decoded.refused);
  return new Reader(path, decoded.text).read();
}

function refuse(where: string, message: string): { ok: false; problems: Problem[] } {
  return { ok: false, problems: [{ where: printable(where, 4096), path: "", message }] };
}

class Reader {
  readonly #path: string;
  readonly #text: string;
  readonly #findings = new Findings();

  constructor(path: string, text: string) {
    this.#path = path;
    this.#text = text;
  }

  async read(): Promise<{ ok: true; test: PolicyTest } | { ok: false; problems: Problem[] }> {
    const wanted = new Wanted();
    const offsets = { cases: (wanted.at(["cases"]).items = []), pcaps: (wanted.at(["pcaps"]).items = []) };
    const reading = readText(this.#text, this.#path, wanted);
    if ("stopped" in reading) return { ok: false, problems: problemsOf(this.#findings, reading.stopped, this.#text, this.#path) };
    checkShape(reading.value, SHAPE, [], this.#findings);
    if (this.#findings.count + reading.complaints.length > 0) return this.#refuse(reading.complaints);

    const { policy: policyPath, host = {}, cases = [], pcaps = [] } = reading.value as TestFile;
    this.#expectControls([...cases, ...pcaps]);
    this.#expectOwnNames({ cases, pcaps });
    const ends = readHost(host, this.#findings);
    const policy = await loadConfig(resolve(dirname(this.#path), policyPath));
    if (!policy.ok) {
      this.#findings.add(["policy"], `the policy ${quote(policyPath)} is not valid`);
      return { ok: false, problems: [...this.#refuse().problems, ...policy.problems] };
    }
    const lines = { cases: itemLines(this.#text, offsets.cases), pcaps: itemLines(this.#text, offsets.pcaps) };
    const read = [
      ...cases.map((entry, index) => this.#caseOf(entry, ["cases", index], lines.cases[index] ?? 0, policy)),
      ...(await Promise.all(pcaps.map((entry, index) => this.#captureOf(entry, ["pcaps", index], lines.pcaps[index] ?? 0, policy)))),
    ].filter((one) => one !== undefined);
    return this.#findings.count > 0 ? this.#refuse() : { ok: true, test: { policy, host: ends, cases: read } };
  }

  #refuse(complaints: Parameters<typeof problemsOf>[1] = []): { ok: false; problems: Problem[] } {
    return { ok: false, problems: problemsOf(this.#findings, complaints, this.#text, this.#path) };
  }

  #expectControls(all: readonly { expect: Expectation }[]): void {
    if (all.length === 0) this.#findings.add([], "there is nothing to test; add cases or pcaps");
    else if (!all.some(({ expect }) => expect === "allow")) this.#findings.add([], ONLY_DENIES);
  }

  #expectOwnNames(lists: Record<string, readonly { name?: string }[]>): void {
    const names = new Set<string>();
    for (const [key, list] of Object.entries(lists)) {
      for (const [index, { name }] of list.entries()) {
        if (name === undefined) continue;
        if (names.has(name))
          this.#findings.add([key, index, "name"], `the name ${quote(name)} is already that of another case; names are unique`, {
            value: name,
          });
        names.add(name);
      }
    }
  }

  #caseOf(entry: CaseEntry, path: Path, line: number, policy: LoadedConfig): PolicyCase | undefined {
    const before = this.#findings.count;
    this.#expectRules(entry, path, policy);
    const packet = this.#packetOf(entry.packet, [...path, "packet"]);
    if (packet === undefined || this.#findings.count > before) return undefined;
    const { process, no_process = false, forwarded = false } = entry.packet;
    if (process !== undefined && (no_process || forwarded))
      this.#findings.add(
        [...path, "packet", "process"],
        `a packet that is ${forwarded ? "forwarded" : "said to have none"} has no process`,
        { ofKey: true },
      );
    const local = no_process || forwarded ? { process: null } : process === undefined ? {} : { process: processOf(process) };
    const arrival: Arrival = {
      frame: frameOf(packet),
      hook: packet.direction,
      interface: packet.interface,
      ...(forwarded ? { local: false } : {}),
      ...local,
    };
    return this.#make(entry, entry.name, line, [{ called: "the packet", arrival }], 0);
  }

  async #captureOf(entry: CaptureEntry, path: Path, line: number, policy: LoadedConfig): Promise<PolicyCase | undefined> {
    const before = this.#findings.count;
    this.#expectRules(entry, path, policy);
    const place = this.#placeOf(entry, path);
    if (place === undefined || this.#findings.count > before) return undefined;
    const view = { ...place, ...(entry.local === undefined ? {} : { local: entry.local }), forwarded: entry.forwarded ?? false };
    try {
      const packets: PolicyCase["packets"] = [];
      for (const { number, arrival, isIp } of arrivalsOf(await readCaptureFile(resolve(dirname(this.#path), entry.file)), view)) {
        if (isIp) packets.push({ called: `frame ${number}`, arrival });
        if (number === entry.frame) break;
      }
      const last = packets.at(-1)?.called;
      if (entry.frame !== undefined && last !== `frame ${entry.frame}`)
        throw new CaptureError(`there is no IP packet as frame ${entry.frame}`);
      if (last === undefined) throw new CaptureError("there is no IP packet in it");
      return this.#make(entry, entry.name ?? entry.file, line, packets, entry.frame === undefined ? 0 : packets.length - 1);
    } catch (error) {
      if (!(error instanceof CaptureError)) throw error;
      this.#findings.add([...path, "file"], `the capture ${quote(entry.file)} cannot be used: ${error.message}`);
      return undefined;
    }
  }

  #make(
    { expect, rule, staged }: CaseEntry | CaptureEntry,
    name: string,
    line: number,
    packets: PolicyCase["packets"],
    first: number,
  ): PolicyCase {
    return { name: printable(name, 200), where: `${basename(this.#path)}:${line}`, packets, first, expect, rule, staged };
  }

  /** A misspelt name would make a case that can never pass. */
  #expectRules({ rule, staged }: { rule?: string; staged?: string }, path: Path, { config }: LoadedConfig): void {
    const names = config.rules.map(({ name }) => name);
    const known = new Set([...names, ...BUILT_IN]);
    for (const [key, name] of Object.entries({ rule, staged })) {
      if (name === undefined || (key === "rule" ? known.has(name) : names.includes(name))) continue;
      this.#findings.add([...path, key], `the policy has no rule ${quote(name)}`, { value: name, suggestion: nearest(name, names) });
    }
  }

  #placeOf(entry: { in?: string; out?: string }, path: Path): Pick<PacketText, "interface" | "direction"> | undefined {
    const name = entry.in ?? entry.out;
    if (name === undefined || (entry.in !== undefined && entry.out !== undefined)) {
      this.#findings.add(
        path,
        name === undefined ? 'the interface is missing; write "in: eth0" or "out: eth0"' : "in and out exclude each other",
      );
      return undefined;
    }
    const direction = entry.in === undefined ? "egress" : "ingress";
    if (name.includes("*"))
      this.#findings.add([...path, entry.in === undefined ? "out" : "in"], "a packet is seen on one interface, not on a pattern of them", {
        value: name,
      });
    return { interface: name, direction };
  }

  #packetOf(entry: PacketEntry, path: Path): PacketText | undefined {
    const place = this.#placeOf(entry, path);
    const readable = [this.#isAddress(entry.src, [...path, "src"]), this.#isAddress(entry.dst, [...path, "dst"])];
    if (place === undefined || readable.includes(false)) return undefined;
    const { icmp } = entry;
    const packet: PacketText = {
      ...place,
      source: entry.src,
      destination: entry.dst,
      protocol: entry.proto,
      ...(entry.sport === undefined ? {} : { source_port: entry.sport }),
      ...(entry.dport === undefined ? {} : { destination_port: entry.dport }),
      ...(entry.flags === undefined ? {} : { flags: entry.flags as TcpFlag[] }),
      ...(icmp === undefined ? {} : { icmp: typeof icmp === "object" ? icmp : { type: icmp } }),
      ...(entry.vlan === undefined ? {} : { vlan: entry.vlan }),
    };
    const wrong = explainPacket(packet);
    if (wrong === undefined) return packet;
    const key: keyof PacketEntry = PACKET_WORDS[wrong.key];
    this.#findings.add(key in entry ? [...path, key] : path, wrong.message);
    return undefined;
  }

  #isAddress(text: string, path: Path): boolean {
    const reading = readAddress(text);
    if (!("error" in reading)) return true;
    this.#findings.add(path, reading.error, { value: text, suggestion: reading.suggestion });
    return false;
  }
}
