/**
 * weir beside nftables, iptables, ipset and xdp-filter, each in a namespace of its own: what the first packet of a
 * connection and those of an established one cost with more and more rules, what a packet from a listed address costs,
 * and what it takes to load, change and hold them.
 */

import { type Benchmark, type Figure, interleave, type Load, type Scale, type What } from "./figure.ts";
import { IPSET, IPTABLES, IPTABLES_LEGACY, NFT_ADDRESSES, NFT_RULES, NFT_SET } from "./rivals/netfilter.ts";
import { type Contestant, type Loading, type Rival, Site } from "./rivals/rival.ts";
import { NOTHING, Traffic } from "./rivals/traffic.ts";
import { WEIR_BANS, WEIR_RULES, WEIR_RULES_TC } from "./rivals/weir.ts";
import { XDP_FILTER } from "./rivals/xdp-filter.ts";

const BARE_DROP = "bare drop";
const BARE_PASS = "bare pass";
/** What takes so long is not done again. */
const LONG_MS = 15_000;

const CONTESTANTS: Record<Load, readonly Contestant[]> = {
  rules: [WEIR_RULES, WEIR_RULES_TC, NFT_SET, NFT_RULES, IPTABLES, IPTABLES_LEGACY],
  addresses: [WEIR_BANS, NFT_ADDRESSES, IPSET, XDP_FILTER],
};

export const rivals: Benchmark = {
  name: "rivals",
  async measure(scale) {
    const all = Object.values(CONTESTANTS).flat();
    await using traffic = await Traffic.start(
      all.map(({ namespace }) => namespace),
      scale.processorMs,
    );
    const figures: Figure[] = [];
    for (const load of Object.keys(CONTESTANTS) as Load[]) {
      await using field = await Field.enter(traffic, CONTESTANTS[load], scale.entries[0]!);
      for (const count of scale.entries) figures.push(...(await field.packets(load, count, scale)));
      figures.push(...(await field.handling(load, scale)));
    }
    return figures;
  },
};

interface Entrant {
  contestant: Contestant;
  rival: Rival;
}

/** Those that work in this kernel. */
class Field implements AsyncDisposable {
  readonly #traffic: Traffic;
  readonly #entrants: readonly Entrant[];
  readonly #stack: AsyncDisposableStack;
  #loaded: number;

  private constructor(traffic: Traffic, entrants: readonly Entrant[], loaded: number, stack: AsyncDisposableStack) {
    this.#loaded = loaded;
    this.#traffic = traffic;
    this.#entrants = entrants;
    this.#stack = stack;
  }

  static async enter(traffic: Traffic, contestants: readonly Contestant[], smallest: number): Promise<Field> {
    await using stack = new AsyncDisposableStack();
    const entrants: Entrant[] = [];
    for (const contestant of contestants) {
      const site = stack.use(new Site(traffic.lab, contestant.namespace));
      let rival: Rival | undefined;
      try {
        rival = await contestant.open(site);
        await rival.load(smallest);
        entrants.push({ contestant, rival: stack.use(rival) });
      } catch (error) {
        console.error(`  ${contestant.name} IS LEFT OUT, since it does not work here: ${(error as Error).message.trim()}`);
        await Promise.resolve(rival?.[Symbol.asyncDispose]()).catch(() => {}); // its commands may be missing altogether
      }
    }
    return new Field(traffic, entrants, smallest, stack.move());
  }

  /** Each loaded with so many, and all measured in turn. */
  async packets(load: Load, count: number, { rounds }: Scale): Promise<Figure[]> {
    const able = this.#entrants.filter(({ contestant }) => count <= (contestant.most ?? Infinity));
    if (count !== this.#loaded) for (const { rival } of able) await rival.load(count);
    this.#loaded = count;
    console.error(`  ${able.length} firewalls hold ${count} ${load}`);
    const traffic = this.#traffic;
    const drops = (name: string): Promise<number> => traffic.droppedBy(name, load === "rules" ? { scan: true } : { listed: count });
    const found = await interleave<string>(Math.ceil(rounds / 2), Math.min, {
      [BARE_DROP]: () => traffic.dropped(),
      [BARE_PASS]: () => traffic.passedBy(NOTHING),
      ...Object.fromEntries(
        able.flatMap(({ contestant: { namespace } }) => [
          [`${namespace} drops`, () => drops(namespace)],
          [`${namespace} passes`, () => traffic.passedBy(namespace)],
        ]),
      ),
    });
    const [bareDrop, barePass] = [found[BARE_DROP]!, found[BARE_PASS]!];
    return able.flatMap(({ contestant: { name: who, namespace } }): Figure[] => {
      const [dropped, passed] = [found[`${namespace} drops`]!, found[`${namespace} passes`]!];
      const figure = (what: What, value: number, unit: string, note: string): Figure => ({
        name: `${who}, ${count} ${load}: ${what}`,
        value,
        unit,
        note,
        at: { load, what, who, count },
      });
      return [
        load === "rules"
          ? figure("first packet", dropped - bareDrop, "ns", `${dropped.toFixed(0)} ns, dropped at once by XDP ${bareDrop.toFixed(0)} ns`)
          : figure("dropped", 1000 / dropped, "Mpps", `${((100 * bareDrop) / dropped).toFixed(0)}% of dropping all by XDP`),
        figure(
          load === "rules" ? "established" : "passed",
          passed - barePass,
          "ns",
          `${passed.toFixed(0)} ns, without any firewall ${barePass.toFixed(0)} ns`,
        ),
      ];
    });
  }

  /** One after the other, so that what is in the memory is known. */
  async handling(load: Load, { entries, rounds }: Scale): Promise<Figure[]> {
    for (const { rival } of this.#entrants) await rival.unload();
    const figures: Figure[] = [];
    for (const { contestant, rival } of this.#entrants.filter(({ contestant: { sameBut } }) => sameBut === undefined)) {
      const count = Math.min(entries.at(-1)!, (contestant.most ?? Infinity) - 1); // and one more has room
      const loadings: Loading[] = [];
      const began = performance.now();
      do loadings.push(await rival.loadedIn(count));
      while (loadings.length < rounds / 3 && performance.now() - began < LONG_MS);
      const least = (what: keyof Loading): number => Math.min(...loadings.map((loading) => loading[what]));
      const { add, remove } = await changes(rival, rounds);
      await rival.unload();
      const figure = (what: What, value: number, unit: string): Figure => ({
        name: `${contestant.name}, ${count} ${load}: ${what}`,
        value,
        unit,
        at: { load, what, who: contestant.name, count },
      });
      figures.push(
        figure("load", least("seconds"), "s"),
        figure("add one", add * 1000, "ms"),
        figure("remove one", remove * 1000, "ms"),
        ...(Number.isNaN(least("kernelMB")) ? [] : [figure("kernel memory", least("kernelMB"), "MB")]),
        figure("RSS while loading", least("peakMB"), "MB"),
        figure("RSS", least("residentMB"), "MB"),
      );
    }
    return figures;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#stack[Symbol.asyncDispose]();
  }
}

async function changes(rival: Rival, rounds: number): Promise<{ add: number; remove: number }> {
  const best = { add: Infinity, remove: Infinity };
  for (let round = 0; round < rounds; round++) {
    const { add, remove } = await rival.change();
    best.add = Math.min(best.add, add);
    best.remove = Math.min(best.remove, remove);
  }
  return best;
}
