/**
 * Packets for rivals, each of which sits behind a veth pair of its own. What passes a rival has a wrong checksum, so that
 * UDP drops and counts it, without looking further: the way to there is the same for all.
 */

import type { ChildProcess } from "node:child_process";

import { type Lab, type LinkOptions, makeLab } from "../../harness/netns.ts";
import { Ethernet, frame, IPv4, payload, UDP } from "../../harness/packet.ts";
import { answer, ready } from "../child.ts";
import { STRIDE } from "./entries.ts";

export interface Order {
  /** The near end of the pair. */
  link: string;
  /** Base64. */
  frame: string;
  spread: { sources?: number; stride?: number; destinations?: number };
  /** Of processor time. */
  budgetMs: number;
}

export interface Cost {
  /** Of processor time, a packet. */
  nanoseconds: number;
  packets: number;
}

/** Two ends without a rival: one drops all by XDP, the other lets all come to UDP. */
export const DROPPING = "drop-far";
export const NOTHING = "nothing";

const SENDER = "client";
const REMOTE_PORT = 9;
const LOCAL_PORT = 40_000;
/** Addresses below 10.0.0.0 and 172.0.0.0: where the rules' sources and destinations lie. */
const ANYWHERE = 1 << 24;
/** Of what is measured, at least, if nothing else is on the wire. */
const NEARLY_ALL = 0.9;
const WRONG_CHECKSUM = 1;
/** Connection tracking would not know such a packet. */
const UNCHECKED =
  "if [ -e /proc/sys/net/netfilter/nf_conntrack_checksum ]; then echo 0 > /proc/sys/net/netfilter/nf_conntrack_checksum; fi";

export class Traffic implements AsyncDisposable {
  readonly lab: Lab;
  readonly #sender: ChildProcess;
  readonly #budgetMs: number;

  private constructor(lab: Lab, sender: ChildProcess, budgetMs: number) {
    this.lab = lab;
    this.#sender = sender;
    this.#budgetMs = budgetMs;
  }

  /** With a namespace for each of the names. */
  static async start(names: readonly string[], budgetMs: number): Promise<Traffic> {
    const others = [NOTHING, ...names];
    const links: LinkOptions[] = [
      { from: `${SENDER}:drop`, to: `${SENDER}:${DROPPING}` },
      ...others.map((name) => ({ from: `${SENDER}:${name}`, to: `${name}:eth0` })),
    ];
    const lab = await makeLab({ namespaces: [SENDER, ...others], links });
    try {
      for (const name of others) {
        // Frames that a program puts into a pair are taken in only where frames are gathered (GRO).
        await lab.exec(name, "ethtool", "-K", "eth0", "gro", "on");
        await lab.exec(name, "sh", "-c", UNCHECKED);
      }
      return new Traffic(lab, await ready(lab, SENDER, "rivals/sender-child.ts"), budgetMs);
    } catch (error) {
      await lab[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** Nanoseconds that a packet takes which XDP drops at once. */
  async dropped(): Promise<number> {
    return (await this.#measure("drop", this.#frameTo(`${SENDER}:${DROPPING}`), {})).nanoseconds;
  }

  /** Nanoseconds that a packet takes which a rival drops: the first of a connection that no rule matches, or one from a listed address. */
  async droppedBy(name: string, kind: { scan: true } | { listed: number }): Promise<number> {
    const spread = "scan" in kind ? { sources: ANYWHERE, destinations: ANYWHERE } : { sources: kind.listed, stride: STRIDE };
    const passedBefore = await this.#passed(name);
    const { nanoseconds, packets } = await this.#measure(name, this.#frameTo(`${name}:eth0`), spread);
    const passed = (await this.#passed(name)) - passedBefore;
    if (passed > packets * (1 - NEARLY_ALL)) throw new Error(`${passed} of ${packets} packets have passed ${name}, which should drop them`);
    return nanoseconds;
  }

  /** Nanoseconds that a packet takes which is the answer to one from inside. */
  async passedBy(name: string): Promise<number> {
    await this.lab.exec(name, "sh", "-c", `echo | nc -u -q 0 -p ${LOCAL_PORT} ${this.lab.end(`${SENDER}:${name}`).ipv4} ${REMOTE_PORT}`);
    const passedBefore = await this.#passed(name);
    const { nanoseconds, packets } = await this.#measure(name, this.#frameTo(`${name}:eth0`), {});
    const passed = (await this.#passed(name)) - passedBefore;
    if (passed < packets * NEARLY_ALL) throw new Error(`only ${passed} of ${packets} packets have passed ${name}, which should let them`);
    return nanoseconds;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.lab[Symbol.asyncDispose]();
  }

  /** 64 bytes, with the four of checksum that Ethernet adds. */
  #frameTo(end: string): Uint8Array {
    const { mac, ipv4 } = this.lab.end(end);
    const remote = ipv4.replace(/\d+$/, "1");
    return frame(
      Ethernet({ dst: mac }),
      IPv4({ src: remote, dst: ipv4 }),
      UDP({ sport: REMOTE_PORT, dport: LOCAL_PORT, checksum: WRONG_CHECKSUM }),
      payload(18),
    );
  }

  async #measure(link: string, data: Uint8Array, spread: Order["spread"]): Promise<Cost> {
    const order: Order = { link, frame: Buffer.from(data).toString("base64"), spread, budgetMs: this.#budgetMs };
    this.#sender.send(order);
    const cost = (await answer(this.#sender)) as Cost | { error: string };
    if ("error" in cost) throw new Error(`measuring ${link} failed: ${cost.error}`);
    return cost;
  }

  /** Packets that came as far as UDP. */
  async #passed(name: string): Promise<number> {
    const [heads, values] = [...(await this.lab.exec(name, "cat", "/proc/net/snmp")).matchAll(/^Udp: (.*)$/gm)].map(([, line]) =>
      line!.split(" "),
    );
    const count = (head: string): number => Number(values![heads!.indexOf(head)]);
    return count("InDatagrams") + count("NoPorts") + count("InErrors");
  }
}
