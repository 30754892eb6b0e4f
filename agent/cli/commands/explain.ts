import { counted } from "../../values/count.ts";
import { readNetworks } from "../../values/address.ts";
import { printable } from "../../values/quote.ts";
import type { InquiryResult, Inquiry } from "../../explain/inquiry.ts";
import type { Arrival } from "../../policy/reference.ts";
import { type AskedRules, kernelFor, rulesFor, stillInForce, withMembers } from "../asked-rules.ts";
import { AGENT_OPTIONS, type Call, type Command, JSON_OUTPUT, meant, UsageError } from "../arguments.ts";
import { Refusal } from "../../values/refusal.ts";
import { captureRefusal } from "../capture-refusal.ts";
import { explanationText } from "../explain-text.ts";
import { PACKET_OPTIONS, packetOf, PLACE_OPTIONS, placeOf } from "../packet-options.ts";
import { note, print, printJson } from "../print.ts";
import { describedProcess, PROCESS_OPTIONS } from "../process-options.ts";

const MOST_FRAMES = 1_000_000;
/** Rules may change during the question, so it is asked again up to this many times. */
const ATTEMPTS = 3;

/** A packet, and the name that a person gave it. */
interface Question extends Inquiry {
  called: string;
}

export const command: Command = {
  usage: "explain --in NAME --src ADDRESS --dst ADDRESS --proto NAME [...] | --pcap FILE --in NAME | --flow PROTOCOL SOURCE DESTINATION",
  about:
    "Says what happens to a packet, which rule decides and where that rule is written, how each of its conditions compares, " +
    "and which rules nearly match. Describe the packet with options, take a frame of a capture with --pcap, or name a live " +
    "connection with --flow. The packet is taken as one for this host that opens a connection, unless a frame before it in " +
    "the capture did. If an agent runs, the rules in force are asked: once by weir's reference and once by a test run of " +
    "the programs in the kernel, which changes nothing. With --config, or if no agent runs, the rules of the file are " +
    "asked. The exit code is 1 if the two answers differ.",
  options: {
    ...PLACE_OPTIONS,
    ...PACKET_OPTIONS,
    ...PROCESS_OPTIONS,
    pcap: { value: "FILE", about: "take the packet from this capture (pcap or pcapng)" },
    frame: { value: "N", about: "number of the frame (1); the frames before it are judged first" },
    local: { value: "ADDRESS,...", about: "addresses of this host, where the capture has connections of both directions" },
    flow: { about: "a live connection, as `weir flows` shows it" },
    kernel: { about: "without an agent: also ask the programs in the kernel, with the rules of the file (as root)" },
    json: JSON_OUTPUT,
    ...AGENT_OPTIONS,
    config: { value: "FILE", about: "ask the rules of this file instead of those in force" },
  },
  words: [0, 3],
  examples: [
    ["weir explain --in eth0 --src 192.0.2.7 --dst 198.51.100.1 --proto tcp --dport 23", "would telnet be let in?"],
    ["weir explain --out eth0 --src 198.51.100.1 --dst 192.0.2.7 --proto icmp --icmp echo-request", "may this host ping?"],
    [
      "weir explain --out eth0 --src 198.51.100.1 --dst 192.0.2.7 --proto tcp --dport 443 --executable /usr/bin/curl --user www-data",
      "may curl, run by www-data?",
    ],
    ["weir explain --pcap odd.pcap --frame 3 --in eth0 --config new.yaml", "what a new file would do to a frame"],
    ["weir explain --flow tcp 192.0.2.7:40000 198.51.100.1:443", "why a live connection passes"],
  ],
  async run(call) {
    onlyOneSubject(call);
    const { rules, question, answer } = await ask(call);
    const { mode } = rules.policy;
    if (call.has("json")) printJson({ ...answer, packet: question.called, mode, rules: rules.called });
    else print(explanationText({ called: question.called, direction: question.arrival.hook }, rules.called, answer));
    if (!answer.kernel.asked) {
      if (rules.inForce !== undefined || call.has("kernel"))
        note(`NOT COMPARED: the kernel could not be asked: ${printable(answer.kernel.why, 500)}`);
      return 0;
    }
    if (answer.kernel.agrees) return 0;
    note("The reference and the kernel do not agree. This is a fault of weir: please report it, with the output of --json and the rules.");
    return 1;
  },
};

function onlyOneSubject(call: Call): void {
  const subjects = ["pcap", "flow"].filter((name) => call.has(name));
  if (subjects.length > 1) throw new UsageError("--pcap and --flow exclude each other");
  const described = Object.keys({ ...PACKET_OPTIONS, ...PROCESS_OPTIONS }).find((name) => call.has(name));
  if (subjects.length === 1 && described !== undefined)
    throw new UsageError(`--${described} describes a packet, and --${subjects[0]} names another one`);
  for (const name of ["frame", "local"]) if (call.has(name) && !call.has("pcap")) throw new UsageError(`--${name} goes with --pcap`);
  for (const name of ["in", "out", "forwarded"])
    if (call.has(name) && call.has("flow")) throw new UsageError(`--${name} does not go with --flow, which knows it`);
  if (call.words.length !== (call.has("flow") ? 3 : 0))
    throw new UsageError(
      call.has("flow")
        ? "--flow takes PROTOCOL SOURCE DESTINATION, as tcp 192.0.2.7:40000 198.51.100.1:443"
        : `"${call.words[0]}" is one word too many`,
    );
}

async function ask(call: Call): Promise<{ rules: AskedRules; question: Question; answer: InquiryResult }> {
  const { inquire } = await import("../../explain/inquiry.ts");
  const question = await questionOf(call);
  for (let attempt = 1; ; attempt++) {
    const rules = await withMembers(await rulesFor(call), [...(question.before ?? []), question.arrival], call);
    const kernel = await kernelFor(rules, question.arrival.interface, call.has("kernel"));
    try {
      const answer = inquire(rules, rules.host, question, kernel);
      if (attempt === ATTEMPTS || (await stillInForce(rules, call))) return { rules, question, answer };
    } finally {
      kernel.close?.();
    }
  }
}

async function questionOf(call: Call): Promise<Question> {
  if (call.has("pcap")) return questionOfCapture(call, call.text("pcap")!);
  const { frameOf } = await import("../../explain/packet.ts");
  const { describePacket } = await import("../../explain/describe.ts");
  const { process, ...packet } = call.has("flow")
    ? await (await import("../flow-packet.ts")).packetOfFlow(call)
    : { ...packetOf(call), process: call.has("forwarded") ? null : describedProcess(call) };
  const arrival: Arrival = {
    frame: frameOf(packet),
    hook: packet.direction,
    interface: packet.interface,
    ...(call.has("forwarded") ? { local: false } : {}),
    ...(process === undefined ? {} : { process }),
  };
  return { arrival, called: describePacket(arrival) };
}

async function questionOfCapture(call: Call, path: string): Promise<Question> {
  const { arrivalsOf } = await import("../../explain/capture.ts");
  const { describePacket } = await import("../../explain/describe.ts");
  const { readCaptureFile } = await import("../../inspect/capture/capture-file.ts");
  const wanted = call.count("frame", 1, MOST_FRAMES);
  const view = { ...placeOf(call), forwarded: call.has("forwarded"), ...localOf(call) };
  const before: Arrival[] = [];
  try {
    for (const { number, arrival } of arrivalsOf(await readCaptureFile(path), view)) {
      if (number === wanted) return { before, arrival, called: `frame ${number} of ${printable(path)}: ${describePacket(arrival)}` };
      before.push(arrival);
    }
  } catch (error) {
    throw captureRefusal(path, error);
  }
  throw new Refusal(`${path} has only ${counted(before.length, "frame")}.`, { kind: "invalid", next: `Ask for one of them with --frame.` });
}

function localOf(call: Call): { local?: string[] } {
  const text = call.text("local");
  if (text === undefined) return {};
  const local = text.split(",").map((part) => part.trim());
  for (const part of local) {
    const reading = readNetworks(part);
    if ("error" in reading) throw new UsageError(`--local: ${reading.error}${meant(reading.suggestion)}`);
  }
  return { local };
}
