/** One interface that is watched: the programs at its two hooks, and the reasons why a hook has none. */

import type { InterfacesConfig } from "../../../config/types.ts";
import type { Attachment } from "../../kernel/attachment.ts";
import type { Link } from "../../kernel/netlink.ts";
import type { HookState, InterfaceState } from "../../observe/events/snapshot.ts";
import type { Direction } from "../../values/traffic.ts";
import { type Attached, attachIngress, attachTc, type HookPrograms } from "./attach.ts";
import { chooseIngress, type DeviceFacts } from "./select.ts";
import type { UnseenPackets } from "./unseen.ts";

const DIRECTIONS = ["ingress", "egress"] as const;
const NOTHING: HookState = { hook: "none", mode: "", reason: "" };
const SWITCHED_OFF: HookState = { hook: "off", mode: "", reason: "interfaces.egress is false" };

export interface WatchingParts {
  programs: HookPrograms;
  /** The folder where links are pinned. */
  pins: string;
  unseen: UnseenPackets;
  config(): InterfacesConfig;
  facts(link: Link): DeviceFacts;
  /** Returns false while interfaces are added that existed before: the packets that these carried could not have been seen. */
  isFollowing(): boolean;
  /** Returns true once nothing can be undone any more. */
  isKept(): boolean;
  /** Returns the number of packets that the programs have counted. */
  packetsOf(slot: number, direction: Direction): number;
  /** Called when something was attached or detached, or could not be. `unseen` is the number of packets that had passed by then. */
  onChange(name: string, direction: Direction, state: HookState, unseen?: number): void;
}

export class WatchedInterface {
  link: Link;
  readonly slot: number;
  /** False if the kernel's table of interfaces had no room for it. */
  isDeclared = false;
  readonly #parts: WatchingParts;
  readonly #attached: Partial<Record<Direction, Attached>> = {};
  readonly #failures = new Map<Direction, string>();
  #ingressChoice = "";
  /** The packets that passed before the programs were attached. */
  readonly #unseen: Record<Direction, number> = { ingress: 0, egress: 0 };

  constructor(link: Link, slot: number, parts: WatchingParts) {
    this.link = link;
    this.slot = slot;
    this.#parts = parts;
  }

  get state(): InterfaceState {
    const { ingress, egress } = this.#attached;
    const none = (direction: Direction): HookState => ({ ...NOTHING, reason: this.#failures.get(direction) ?? "" });
    return {
      name: this.link.name,
      ifindex: this.link.ifindex,
      unseen: { ...this.#unseen },
      ingress: ingress?.state ?? none("ingress"),
      egress: egress?.state ?? (this.#parts.config().egress ? none("egress") : SWITCHED_OFF),
    };
  }

  get problems(): string[] {
    return [
      ...[...this.#failures].map(([direction, reason]) => `${direction} on ${this.link.name} is not watched: ${reason}`),
      ...(this.isDeclared
        ? []
        : [
            `packets on ${this.link.name} cannot be judged and get defaults.on_error, because the table of interfaces is full; watch fewer by interfaces.include, then restart weir`,
          ]),
    ];
  }

  get seesLeaving(): boolean {
    return this.#attached.egress !== undefined;
  }

  get attachments(): Attachment[] {
    return DIRECTIONS.flatMap((direction) => this.#attached[direction]?.attachment ?? []);
  }

  /** Attaches where the configuration wants it and nothing is attached, and changes the ingress hook if another one is chosen now. */
  settle(device: DeviceFacts): void {
    const config = this.#parts.config();
    const { ingress, egress } = this.#attached;
    if (this.#ingressChoice !== "" && this.#ingressChoice !== JSON.stringify(chooseIngress(device, config))) this.#changeIngress(ingress);
    else if (ingress === undefined) this.#attachFirst("ingress");
    if (config.egress && egress === undefined) this.#attachFirst("egress");
    if (config.egress || egress === undefined) return;
    egress.attachment.detach();
    delete this.#attached.egress;
  }

  /** Attaches again what somebody else detached. Returns what was missing. */
  repair(): string[] {
    const missing: string[] = [];
    for (const direction of DIRECTIONS) {
      const attached = this.#attached[direction];
      if (attached === undefined || attached.attachment.attached()) continue;
      // The device may just have gone; netlink then reports that next.
      if (!this.#parts.unseen.isThere(this.link.ifindex)) continue;
      missing.push(attached.attachment.what);
      this.#attachAgain(direction, attached);
    }
    return missing;
  }

  /** Replaces the programs by the current ones, without a gap. */
  exchange(): void {
    const { programs } = this.#parts;
    for (const direction of DIRECTIONS) {
      const attached = this.#attached[direction];
      if (attached === undefined) continue;
      try {
        attached.attachment.update(attached.state.hook === "xdp" ? programs.xdp() : programs.tc(direction));
      } catch {
        // The device is gone, or somebody else has taken its hook. Attaching will report that.
        this.#attachAgain(direction, attached);
      }
    }
  }

  detach(): void {
    for (const attachment of this.attachments) attachment.detach();
  }

  detachBecause(reason: string): void {
    for (const direction of DIRECTIONS) {
      if (this.#attached[direction] === undefined) continue;
      this.#attached[direction].attachment.detach();
      this.#parts.onChange(this.link.name, direction, { ...NOTHING, reason });
    }
  }

  /** The new hook is attached before the old one is detached: for a moment packets are counted twice, and none is missed. */
  #changeIngress(before: Attached | undefined): void {
    delete this.#attached.ingress;
    const now = this.#attach("ingress");
    if (before?.attachment.pinPath === now?.attachment.pinPath) before?.attachment.close();
    else before?.attachment.detach();
  }

  #attachAgain(direction: Direction, gone: Attached): void {
    gone.attachment.close();
    delete this.#attached[direction];
    this.#attach(direction);
  }

  /** Attaches the first program at a hook, and counts the packets that passed before. */
  #attachFirst(direction: Direction): void {
    const { unseen, isFollowing, onChange, packetsOf } = this.#parts;
    if (!isFollowing()) {
      this.#attach(direction);
      return;
    }
    const passed = unseen.around(
      this.link.ifindex,
      direction,
      () => this.#attach(direction, false),
      () => packetsOf(this.slot, direction),
    );
    const attached = this.#attached[direction];
    if (attached === undefined) return;
    this.#unseen[direction] += passed;
    onChange(this.link.name, direction, attached.state, passed);
  }

  #attach(direction: Direction, isReported = true): Attached | undefined {
    const { programs, pins, config, facts, isKept, onChange } = this.#parts;
    const { link } = this;
    const choice = chooseIngress(facts(link), config());
    if (direction === "ingress") this.#ingressChoice = JSON.stringify(choice);
    try {
      const attached =
        direction === "ingress"
          ? attachIngress(programs, link, choice, config().offload, pins)
          : attachTc(programs, link, "egress", pins, "egress passes TC only");
      this.#attached[direction] = attached;
      if (isKept()) attached.attachment.keep();
      this.#failures.delete(direction);
      if (isReported) onChange(link.name, direction, attached.state);
      return attached;
    } catch (error) {
      // An interface that is gone meanwhile is no failure: netlink will report it.
      const reason = error instanceof Error ? error.message : String(error);
      if (this.#failures.get(direction) !== reason) onChange(link.name, direction, { ...NOTHING, reason });
      this.#failures.set(direction, reason);
      return undefined;
    }
  }
}
