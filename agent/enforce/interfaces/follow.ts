/**
 * Keeps the programs on exactly the interfaces that are to be watched, as these appear, vanish, are renamed or get addresses.
 * Netlink reports changes; when it lost some, everything is listed again.
 */

import { setImmediate as nextTurn } from "node:timers/promises";

import type { InterfacesConfig } from "../../../config/types.ts";
import type { Direction } from "../../values/traffic.ts";
import type { AbsentInterface, InterfaceState } from "../../observe/events/snapshot.ts";
import { InterfaceFlag } from "../../generated/layout.ts";
import { type Attachment, detachPinned, pinnedLinks } from "../../kernel/attachment.ts";
import { activeFeatures, driverName } from "../../kernel/ethtool.ts";
import { type LinkWatch, listAddresses, listLinks, watchLinks } from "../../kernel/links.ts";
import type { InterfaceAddress, Change, Link } from "../../kernel/netlink.ts";
import { detachLeftoverFilters } from "../../kernel/tc.ts";
import type { Installer } from "../install.ts";
import type { OwnEnds } from "../../policy/reference.ts";
import { absentIncludes, explainAbsent } from "./absent.ts";
import type { InterfaceNames } from "./names.ts";
import type { TunnelEnds } from "./tunnel-ends.ts";
import { CounterSlots } from "./counter-slots.ts";
import { chooseInterface, type DeviceFacts } from "./select.ts";
import { UnseenPackets } from "./unseen.ts";
import { WatchedInterface, type WatchingParts } from "./watched.ts";

const LIST_AGAIN_MS = 200;
const ARPHRD_ETHER = 1;
const ARPHRD_LOOPBACK = 772;

export interface FollowOptions extends Pick<WatchingParts, "programs" | "pins" | "packetsOf" | "onChange"> {
  config: InterfacesConfig;
  /** Slots in an earlier agent's table of interfaces are kept, so that the counters go on. */
  installer: Installer;
  /** This is given the names of the interfaces. */
  names: InterfaceNames;
  /** Resets the counters of a slot, because another interface has it now. */
  clearSlot(slot: number): void;
  /** This is given every device and address. */
  tunnelEnds: Pick<TunnelEnds, "list" | "apply" | "problems" | "inForce" | "close">;
}

export class InterfaceFollower {
  readonly #options: FollowOptions;
  #config: InterfacesConfig;
  readonly #links = new Map<number, Link>();
  /** The addresses of each interface, in hexadecimal. */
  readonly #addresses = new Map<number, Set<string>>();
  readonly #watched = new Map<number, WatchedInterface>();
  readonly #parts: WatchingParts;
  readonly #slots: CounterSlots;
  readonly #unseen = new UnseenPackets();
  /**
   * False until everything was listed once, and while devices are added that existed before: the packets that these carried could
   * not have been seen.
   */
  #isFollowing = false;
  /** True once nothing can be undone any more. */
  #isKept = false;
  /** The reason why the devices could not be listed; undefined once they can. */
  #trouble: string | undefined;
  #listAgain: NodeJS.Timeout | undefined;
  #watch: LinkWatch | undefined;

  constructor(options: FollowOptions) {
    this.#options = options;
    this.#config = options.config;
    this.#slots = new CounterSlots((slot) => options.clearSlot(slot));
    this.#parts = {
      ...options,
      unseen: this.#unseen,
      config: () => this.#config,
      facts: (link) => this.#facts(link),
      isFollowing: () => this.#isFollowing,
      isKept: () => this.#isKept,
    };
  }

  start(): void {
    // Watching starts first, so that no change between it and the list is missed.
    this.#watch = watchLinks({ onChange: (change) => this.#apply(change), onResync: () => this.#list() });
    this.#list();
  }

  /** Detaches what an earlier agent had attached and this one does not use. `undo` is impossible afterwards. */
  keep(): void {
    if (this.#isFollowing) this.#detachLeftovers();
    this.#eachAttachment((attachment) => attachment.keep());
    this.#isKept = true;
  }

  /** Stops following, and puts the programs of an earlier agent back. It cannot be called after `keep`. */
  undo(): void {
    this.#stop();
    this.#eachAttachment((attachment) => attachment.undo());
  }

  /** Applies a new configuration, which may choose other interfaces or other hooks. */
  configure(config: InterfacesConfig): void {
    this.#config = config;
    const wasFollowing = this.#isFollowing;
    this.#isFollowing = false;
    try {
      for (const link of this.#links.values()) this.#settle(link);
    } finally {
      this.#isFollowing = wasFollowing;
    }
  }

  /** Attaches again what somebody else detached. Returns what was missing. */
  repair(): string[] {
    return [...this.#watched.values()].flatMap((watched) => watched.repair());
  }

  /** Replaces the programs at each interface by the current ones, without a gap. */
  async exchange(): Promise<void> {
    for (const watched of this.#watched.values()) {
      await nextTurn(); // exchanging an XDP link takes ten milliseconds
      watched.exchange();
    }
  }

  /** Returns every interface that is watched, or should be. */
  states(): InterfaceState[] {
    return [...this.#watched.values()].map(({ state }) => state);
  }

  /** Explains why some traffic is not seen. */
  problems(): string[] {
    const absent = this.absent().map((one) => explainAbsent(one, "weir watches it as soon as it appears"));
    return [
      ...(this.#trouble === undefined ? [] : [this.#trouble]),
      ...absent,
      ...this.#options.tunnelEnds.problems(),
      ...[...this.#watched.values()].flatMap(({ problems }) => problems),
    ];
  }

  /** Returns the tunnel ends and addresses of this host that failsafes inside tunnels depend on. */
  ownEnds(): OwnEnds {
    return this.#options.tunnelEnds.inForce();
  }

  /** Returns the patterns of the configuration for which no device is watched. */
  absent(): AbsentInterface[] {
    return absentIncludes(this.#config, this.present(), this.#watched.size > 0);
  }

  /** Returns how many packets devices carried before they were watched. */
  unseen(): Record<Direction, number> {
    return { ...this.#unseen.total };
  }

  /** Returns the names of all interfaces of this namespace, watched or not. */
  present(): string[] {
    return [...this.#links.values()].map(({ name }) => name);
  }

  /** Returns whether packets that leave are judged at every device. */
  seesAllLeave(): boolean {
    const seen = new Set([...this.#watched.values()].flatMap(({ link, seesLeaving }) => (seesLeaving ? [link.ifindex] : [])));
    return [...this.#links.values()].every(({ ifindex, type, up }) => !up || type === ARPHRD_LOOPBACK || seen.has(ifindex));
  }

  slots(): { name: string; slot: number }[] {
    return [...this.#watched.values()].map(({ link, slot }) => ({ name: link.name, slot }));
  }

  /** Stops following. The programs stay attached. */
  close(): void {
    this.#stop();
    this.#eachAttachment((attachment) => attachment.close());
  }

  #eachAttachment(visit: (attachment: Attachment) => void): void {
    for (const { attachments } of this.#watched.values()) for (const attachment of attachments) visit(attachment);
  }

  #stop(): void {
    this.#watch?.close();
    clearTimeout(this.#listAgain);
    this.#unseen.close();
    this.#options.tunnelEnds.close();
  }

  detachAll(): void {
    this.#stop();
    for (const watched of [...this.#watched.values()]) this.#leave(watched, "weir stops");
  }

  /**
   * Lists everything. If devices change faster than they can be listed, this is tried again with the changes that netlink reports
   * meanwhile.
   */
  #list(): void {
    clearTimeout(this.#listAgain);
    let links: Link[], addresses: InterfaceAddress[];
    try {
      [links, addresses] = [listLinks(), listAddresses()];
      this.#trouble = undefined;
    } catch (error) {
      this.#trouble = `some interfaces may not be watched: ${(error as Error).message}`;
      this.#listAgain = setTimeout(() => this.#list(), LIST_AGAIN_MS);
      return;
    }
    const present = new Set(links.map((link) => link.ifindex));
    for (const ifindex of [...this.#links.keys()]) if (!present.has(ifindex)) this.#forget(ifindex);
    this.#addresses.clear();
    this.#options.tunnelEnds.list(links, addresses);
    for (const address of addresses) this.#noteAddress(address, true);
    for (const link of links) this.#note(link);
    for (const link of links) this.#settle(link);
    if (this.#isKept && !this.#isFollowing) this.#detachLeftovers();
    this.#isFollowing = true;
  }

  #apply(change: Change): void {
    this.#options.tunnelEnds.apply(change);
    switch (change.what) {
      case "link":
        this.#note(change.link);
        this.#settle(change.link);
        break;
      case "link-gone":
        this.#forget(change.ifindex);
        break;
      default: {
        this.#noteAddress(change.address, change.what === "address");
        const link = this.#links.get(change.address.ifindex);
        if (link !== undefined) this.#settle(link);
      }
    }
  }

  #note(link: Link): void {
    this.#links.set(link.ifindex, link);
    if (!this.#watched.has(link.ifindex)) this.#unseen.note(link);
  }

  #noteAddress(address: InterfaceAddress, present: boolean): void {
    const text = Buffer.from(address.bytes).toString("hex");
    const known = this.#addresses.get(address.ifindex) ?? new Set();
    this.#addresses.set(address.ifindex, known);
    // A link-local address comes by itself, so it does not show that the device is used.
    if (text.startsWith("fe80")) return;
    if (present) known.add(text);
    else known.delete(text);
  }

  #facts(link: Link): DeviceFacts {
    const hardware = link.kind === undefined && link.type === ARPHRD_ETHER;
    const features = hardware ? activeFeatures(link.name) : undefined;
    return {
      ifindex: link.ifindex,
      name: link.name,
      loopback: link.type === ARPHRD_LOOPBACK,
      ethernet: link.type === ARPHRD_ETHER,
      kind: link.kind,
      masterKind: link.master === undefined ? undefined : this.#links.get(link.master)?.kind,
      hasAddress: (this.#addresses.get(link.ifindex)?.size ?? 0) > 0,
      driver: hardware ? driverName(link.name) : undefined,
      mergesOnReceive: features !== undefined && (features.has("rx-gro-hw") || features.has("rx-lro")),
    };
  }

  /** Brings one interface to the state that it should be in. */
  #settle(link: Link): void {
    const { names, installer } = this.#options;
    names.note(link.ifindex, link.name);
    const device = this.#facts(link);
    const choice = chooseInterface(device, this.#config);
    let watched = this.#watched.get(link.ifindex);
    if (!choice.watch) {
      if (watched !== undefined) this.#leave(watched, choice.reason);
      return;
    }
    const isRenamed = watched?.link.name !== link.name;
    if (watched === undefined) {
      const slot = this.#slots.take(installer.interfaces.find(link.ifindex)?.slot);
      watched = new WatchedInterface(link, slot, this.#parts);
      this.#watched.set(link.ifindex, watched);
    }
    watched.link = link;
    if (isRenamed) this.#declare(watched, device);
    watched.settle(device);
  }

  #leave(watched: WatchedInterface, reason: string): void {
    watched.detachBecause(reason);
    this.#drop(watched);
  }

  #forget(ifindex: number): void {
    this.#links.delete(ifindex);
    this.#unseen.forget(ifindex);
    this.#addresses.delete(ifindex);
    const watched = this.#watched.get(ifindex);
    if (watched === undefined) return;
    // The kernel has ended the links with the device. Their pins still have to be removed.
    watched.detach();
    this.#drop(watched);
  }

  #drop({ link, slot }: WatchedInterface): void {
    this.#watched.delete(link.ifindex);
    this.#slots.free(slot);
    this.#options.installer.removeInterface(link.ifindex);
  }

  #declare(watched: WatchedInterface, device: DeviceFacts): void {
    const { link, slot } = watched;
    const flags = (device.ethernet || device.loopback ? 0 : InterfaceFlag.NO_ETHERNET) | (device.loopback ? InterfaceFlag.LOOPBACK : 0);
    watched.isDeclared = this.#options.installer.addInterface({ ifindex: link.ifindex, name: link.name, slot, flags });
  }

  /** Detaches links of an earlier agent that this configuration does not use. */
  #detachLeftovers(): void {
    const { pins } = this.#options;
    const used = new Set([...this.#watched.values()].flatMap(({ attachments }) => attachments.map(({ pinPath }) => pinPath)));
    for (const name of pinnedLinks(pins)) {
      if (/^(xdp|tcx)-/.test(name) && !used.has(`${pins}/${name}`)) detachPinned(pins, name);
    }
    detachLeftoverFilters(pins, used);
  }
}
