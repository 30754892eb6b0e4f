/**
 * Keeps the programs on exactly the interfaces that are to be watched, as these appear, vanish, are renamed or get addresses.
 * Netlink reports changes; when it lost some, everything is listed again.
 */

import { setImmediate as nextTurn } from "node:timers/promises";

import type { InterfacesConfig } from "../../../config/types.ts";
import type { Direction } from "../../values/traffic.ts";
import type { AbsentInterface, HookState, InterfaceState } from "../../observe/events/snapshot.ts";
import { InterfaceFlag, Limit } from "../../generated/layout.ts";
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
import { type Attached, attachIngress, attachTc, type HookPrograms } from "./attach.ts";
import { chooseIngress, chooseInterface, type DeviceFacts, type IngressChoice } from "./select.ts";
import { UnseenPackets } from "./unseen.ts";

const LIST_AGAIN_MS = 200;
const ARPHRD_ETHER = 1;
const ARPHRD_LOOPBACK = 772;
const NOTHING: HookState = { hook: "none", mode: "", reason: "" };
const SWITCHED_OFF: HookState = { hook: "off", mode: "", reason: "interfaces.egress is false" };

export interface FollowOptions {
  config: InterfacesConfig;
  programs: HookPrograms;
  /** Slots in an earlier agent's table of interfaces are kept, so that the counters go on. */
  installer: Installer;
  /** This is given the names of the interfaces. */
  names: InterfaceNames;
  /** The folder where links are pinned. */
  pins: string;
  /** Resets the counters of a slot, because another interface has it now. */
  clearSlot(slot: number): void;
  /** This is given every device and address. */
  tunnelEnds: Pick<TunnelEnds, "list" | "apply" | "problems" | "inForce" | "close">;
  /** Returns the number of packets that the programs have counted. */
  packetsOf(slot: number, direction: Direction): number;
  /** Called when something was attached or detached, or could not be. `unseen` is the number of packets that had passed by then. */
  onChange(name: string, direction: Direction, state: HookState, unseen?: number): void;
}

interface Watched {
  link: Link;
  slot: number;
  ingressChoice: string;
  ingress: Attached | undefined;
  egress: Attached | undefined;
  failures: Map<"ingress" | "egress", string>;
  /** False if the kernel's table of interfaces had no room for it. */
  declared: boolean;
  /** The packets that passed before the programs were attached. */
  unseen: Record<Direction, number>;
}

export class InterfaceFollower {
  readonly #options: FollowOptions;
  #config: InterfacesConfig;
  readonly #links = new Map<number, Link>();
  /** The addresses of each interface, in hexadecimal. */
  readonly #addresses = new Map<number, Set<string>>();
  readonly #watched = new Map<number, Watched>();
  readonly #usedSlots = new Set<number>();
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
    const missing: string[] = [];
    for (const watched of this.#watched.values()) {
      for (const direction of ["ingress", "egress"] as const) {
        const attached = watched[direction];
        if (attached === undefined || attached.attachment.attached()) continue;
        // The device may just have gone; netlink then reports that next.
        if (!this.#unseen.isThere(watched.link.ifindex)) continue;
        missing.push(attached.attachment.what);
        attached.attachment.close();
        watched[direction] = undefined;
        this.#attach(watched, direction);
      }
    }
    return missing;
  }

  /** Replaces the programs at each interface by the current ones, without a gap. */
  async exchange(): Promise<void> {
    const { programs } = this.#options;
    for (const watched of this.#watched.values()) {
      await nextTurn(); // exchanging an XDP link takes ten milliseconds
      for (const direction of ["ingress", "egress"] as const) {
        const attached = watched[direction];
        if (attached === undefined) continue;
        try {
          attached.attachment.update(attached.state.hook === "xdp" ? programs.xdp() : programs.tc(direction));
        } catch {
          // The device is gone, or somebody else has taken its hook. Attaching will report that.
          attached.attachment.close();
          watched[direction] = undefined;
          this.#attach(watched, direction);
        }
      }
    }
  }

  /** Returns every interface that is watched, or should be. */
  states(): InterfaceState[] {
    return [...this.#watched.values()].map(({ link, ingress, egress, failures, unseen }) => ({
      name: link.name,
      ifindex: link.ifindex,
      unseen: { ...unseen },
      ingress: ingress?.state ?? { ...NOTHING, reason: failures.get("ingress") ?? "" },
      egress: egress?.state ?? (this.#config.egress ? { ...NOTHING, reason: failures.get("egress") ?? "" } : SWITCHED_OFF),
    }));
  }

  /** Explains why some traffic is not seen. */
  problems(): string[] {
    const absent = this.absent().map((one) => explainAbsent(one, "weir watches it as soon as it appears"));
    return [
      ...(this.#trouble === undefined ? [] : [this.#trouble]),
      ...absent,
      ...this.#options.tunnelEnds.problems(),
      ...[...this.#watched.values()].flatMap(({ link, failures, declared }) => [
        ...[...failures].map(([direction, reason]) => `${direction} on ${link.name} is not watched: ${reason}`),
        ...(declared
          ? []
          : [
              `packets on ${link.name} cannot be judged and get defaults.on_error, because the table of interfaces is full; watch fewer by interfaces.include, then restart weir`,
            ]),
      ]),
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
    const seen = new Set([...this.#watched.values()].flatMap(({ link, egress }) => (egress === undefined ? [] : [link.ifindex])));
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
    for (const { ingress, egress } of this.#watched.values())
      for (const attached of [ingress, egress]) if (attached !== undefined) visit(attached.attachment);
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

  #device(link: Link): DeviceFacts {
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
    this.#options.names.note(link.ifindex, link.name);
    const device = this.#device(link);
    const choice = chooseInterface(device, this.#config);
    const watched = this.#watched.get(link.ifindex);
    if (!choice.watch) {
      if (watched !== undefined) this.#leave(watched, choice.reason);
      return;
    }
    if (watched === undefined) this.#enter(link, device);
    else this.#adjust(watched, link, device);
  }

  #enter(link: Link, device: DeviceFacts): void {
    const watched: Watched = {
      link,
      slot: this.#takeSlot(link.ifindex),
      ingressChoice: "",
      ingress: undefined,
      egress: undefined,
      failures: new Map(),
      declared: false,
      unseen: { ingress: 0, egress: 0 },
    };
    this.#watched.set(link.ifindex, watched);
    this.#declare(watched, device);
    this.#attachFirst(watched, "ingress");
    if (this.#config.egress) this.#attachFirst(watched, "egress");
  }

  #adjust(watched: Watched, link: Link, device: DeviceFacts): void {
    const renamed = watched.link.name !== link.name;
    watched.link = link;
    if (renamed) this.#declare(watched, device);
    if (watched.ingressChoice !== JSON.stringify(chooseIngress(device, this.#config))) {
      // The new hook is attached before the old one is detached: for a moment packets are counted twice, and none is missed.
      const before = watched.ingress;
      watched.ingress = undefined;
      this.#attach(watched, "ingress");
      if (before !== undefined && before.attachment.pinPath !== (watched.ingress as Attached | undefined)?.attachment.pinPath)
        before.attachment.detach();
      else before?.attachment.close();
    } else if (watched.ingress === undefined) {
      this.#attachFirst(watched, "ingress");
    }
    if (this.#config.egress && watched.egress === undefined) this.#attachFirst(watched, "egress");
    if (!this.#config.egress && watched.egress !== undefined) {
      watched.egress.attachment.detach();
      watched.egress = undefined;
    }
  }

  /** Attaches the first program at a device, and counts the packets that passed before. */
  #attachFirst(watched: Watched, direction: Direction): void {
    const { onChange, packetsOf } = this.#options;
    if (!this.#isFollowing) return this.#attach(watched, direction);
    const { link, slot, unseen } = watched;
    const passed = this.#unseen.around(
      link.ifindex,
      direction,
      () => this.#attach(watched, direction, false),
      () => packetsOf(slot, direction),
    );
    if (watched[direction] === undefined) return;
    unseen[direction] += passed;
    onChange(link.name, direction, watched[direction].state, passed);
  }

  #attach(watched: Watched, direction: Direction, isTold = true): void {
    const { programs, pins, onChange } = this.#options;
    const { link } = watched;
    const choice: IngressChoice = chooseIngress(this.#device(link), this.#config);
    if (direction === "ingress") watched.ingressChoice = JSON.stringify(choice);
    try {
      watched[direction] =
        direction === "ingress"
          ? attachIngress(programs, link, choice, this.#config.offload, pins)
          : attachTc(programs, link, "egress", pins, "egress passes TC only");
      if (this.#isKept) watched[direction]!.attachment.keep();
      watched.failures.delete(direction);
      if (isTold) onChange(link.name, direction, watched[direction]!.state);
    } catch (error) {
      // An interface that is gone meanwhile is no failure: netlink will report it.
      const reason = error instanceof Error ? error.message : String(error);
      if (watched.failures.get(direction) === reason) return;
      watched.failures.set(direction, reason);
      onChange(link.name, direction, { ...NOTHING, reason });
    }
  }

  #leave(watched: Watched, reason: string): void {
    for (const direction of ["ingress", "egress"] as const) {
      const attached = watched[direction];
      if (attached === undefined) continue;
      attached.attachment.detach();
      this.#options.onChange(watched.link.name, direction, { ...NOTHING, reason });
    }
    this.#drop(watched);
  }

  #forget(ifindex: number): void {
    this.#links.delete(ifindex);
    this.#unseen.forget(ifindex);
    this.#addresses.delete(ifindex);
    const watched = this.#watched.get(ifindex);
    if (watched === undefined) return;
    // The kernel has ended the links with the device. Their pins still have to be removed.
    watched.ingress?.attachment.detach();
    watched.egress?.attachment.detach();
    this.#drop(watched);
  }

  #drop(watched: Watched): void {
    this.#watched.delete(watched.link.ifindex);
    this.#usedSlots.delete(watched.slot);
    this.#options.installer.removeInterface(watched.link.ifindex);
  }

  #declare(watched: Watched, device: DeviceFacts): void {
    const { link, slot } = watched;
    const flags = (device.ethernet || device.loopback ? 0 : InterfaceFlag.NO_ETHERNET) | (device.loopback ? InterfaceFlag.LOOPBACK : 0);
    watched.declared = this.#options.installer.addInterface({ ifindex: link.ifindex, name: link.name, slot, flags });
  }

  /** Takes a slot. Slot 0 counts all interfaces for which no slot is free. */
  #takeSlot(ifindex: number): number {
    const { installer, clearSlot } = this.#options;
    const kept = installer.interfaces.find(ifindex)?.slot ?? 0;
    if (kept !== 0 && !this.#usedSlots.has(kept)) {
      this.#usedSlots.add(kept);
      return kept;
    }
    for (let slot = 1; slot < Limit.INTERFACE_SLOTS; slot++) {
      if (this.#usedSlots.has(slot)) continue;
      this.#usedSlots.add(slot);
      clearSlot(slot);
      return slot;
    }
    return 0;
  }

  /** Detaches links of an earlier agent that this configuration does not use. */
  #detachLeftovers(): void {
    const { pins } = this.#options;
    const used = new Set(
      [...this.#watched.values()].flatMap(({ ingress, egress }) => [ingress?.attachment.pinPath, egress?.attachment.pinPath]),
    );
    for (const name of pinnedLinks(pins)) {
      if (/^(xdp|tcx)-/.test(name) && !used.has(`${pins}/${name}`)) detachPinned(pins, name);
    }
    detachLeftoverFilters(pins, used);
  }
}
