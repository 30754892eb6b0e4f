/** nftables, iptables and ipset, each as its manual has it for many rules or many addresses. */

import { ANOTHER, ANOTHER_ADDRESS, addresses, entries, type Entry } from "./entries.ts";
import { commandRival, type Contestant } from "./rival.ts";

/** What answers is let through before any rule is asked; what no rule names is dropped. */
const JUDGE = "chain judge { type filter hook prerouting priority mangle; policy drop;\nct state established,related accept";

export const NFT_RULES: Contestant = {
  name: "nftables, a rule each",
  namespace: "nft-rules",
  async open(site) {
    let handle = 0;
    return commandRival(site, {
      load(count) {
        handle = count + FIRST_HANDLE;
        return `nft -f ${site.write("rules.nft", nftTable("inet rules", [`${JUDGE}\n${entries(count).map(nftRule).join("\n")}\n}`]))}`;
      },
      add: `nft add rule inet rules judge ${nftRule(ANOTHER)}`,
      // Asking for the handle would take seconds.
      remove: () => `nft delete rule inet rules judge handle ${handle++}`,
      unload: "nft 'add table inet rules; delete table inet rules'",
    });
  },
};

/** Of a table: the chain has the first, the rule about what answers the second. */
const FIRST_HANDLE = 3;

export const NFT_SET: Contestant = {
  name: "nftables, a set",
  namespace: "nft-set",
  async open(site) {
    return commandRival(site, {
      load: (count) =>
        `nft -f ${site.write("set.nft", nftTable("inet rules", [nftRuleSet(count), `${JUDGE}\nip saddr . ip daddr . meta l4proto . th dport @rules drop\n}`]))}`,
      add: `nft add element inet rules rules '{ ${nftElement(ANOTHER)} }'`,
      remove: `nft delete element inet rules rules '{ ${nftElement(ANOTHER)} }'`,
      unload: "nft 'add table inet rules; delete table inet rules'",
    });
  },
};

export const IPTABLES: Contestant = iptables("iptables (nft)", "ipt-nft", "iptables-nft");
export const IPTABLES_LEGACY: Contestant = iptables("iptables-legacy", "ipt-legacy", "iptables-legacy");

function iptables(name: string, namespace: string, command: string): Contestant {
  return {
    name,
    namespace,
    async open(site) {
      const rules = (count: number): string =>
        [
          "*mangle",
          ":PREROUTING DROP [0:0]",
          "-A PREROUTING -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT",
          ...entries(count).map((entry) => `-A PREROUTING ${iptablesRule(entry)}`),
          "COMMIT",
          "",
        ].join("\n");
      return commandRival(site, {
        load: (count) => `${command}-restore ${site.write("rules.v4", rules(count))}`,
        add: `${command} -t mangle -A PREROUTING ${iptablesRule(ANOTHER)}`,
        remove: `${command} -t mangle -D PREROUTING ${iptablesRule(ANOTHER)}`,
        unload: `${command} -t mangle -F && ${command} -t mangle -P PREROUTING ACCEPT`,
      });
    },
  };
}

/** At the earliest hook there is. */
export const NFT_ADDRESSES: Contestant = {
  name: "nftables, a set at the device",
  namespace: "nft-addr",
  async open(site) {
    const chain = "chain judge { type filter hook ingress device eth0 priority 0; policy accept;\nip saddr @listed drop\n}";
    return commandRival(site, {
      load: (count) =>
        `nft -f ${site.write("addresses.nft", nftTable("netdev listed", [nftSet("listed", "ipv4_addr", addresses(count)), chain]))}`,
      add: `nft add element netdev listed listed '{ ${ANOTHER_ADDRESS} }'`,
      remove: `nft delete element netdev listed listed '{ ${ANOTHER_ADDRESS} }'`,
      unload: "nft 'add table netdev listed; delete table netdev listed'",
    });
  },
};

/** Before connections are tracked. */
export const IPSET: Contestant = {
  name: "iptables with ipset",
  namespace: "ipset",
  async open(site) {
    await site.timed("ipset create listed hash:ip && iptables-legacy -t raw -A PREROUTING -m set --match-set listed src -j DROP");
    const rival = commandRival(site, {
      load(count) {
        const text = [
          `create loading hash:ip maxelem ${Math.max(count + 1, 65_536)}`,
          ...addresses(count).map((address) => `add loading ${address}`),
          "swap loading listed",
          "destroy loading",
          "",
        ].join("\n");
        return `ipset restore -file ${site.write("addresses.ipset", text)}`;
      },
      add: `ipset add listed ${ANOTHER_ADDRESS}`,
      remove: `ipset del listed ${ANOTHER_ADDRESS}`,
      unload: "ipset create empty hash:ip && ipset swap empty listed && ipset destroy empty",
    });
    return {
      ...rival,
      // It is not charged with most of what it keeps, but tells it.
      async loadedIn(count) {
        const loading = await rival.loadedIn(count);
        return {
          ...loading,
          kernelMB: Number(/Size in memory: (\d+)/.exec(await site.lab.exec(site.namespace, "ipset", "list", "-t", "listed"))![1]) / 1e6,
        };
      },
    };
  },
};

/** Nothing of an older one is left. */
export function nftTable(name: string, parts: readonly string[]): string {
  return `table ${name}\ndelete table ${name}\ntable ${name} {\n${parts.join("\n")}\n}\n`;
}

export function nftRuleSet(count: number): string {
  return nftSet("rules", "ipv4_addr . ipv4_addr . inet_proto . inet_service; flags interval", entries(count).map(nftElement));
}

function nftSet(name: string, type: string, elements: readonly string[]): string {
  return `set ${name} { type ${type}; elements = {\n${elements.join(",\n")}\n} }`;
}

function nftElement({ source, destination, protocol, ports }: Entry): string {
  return `${source} . ${destination} . ${protocol} . ${ports}`;
}

function nftRule({ source, destination, protocol, ports }: Entry): string {
  return `ip saddr ${source} ip daddr ${destination} ${protocol} dport ${ports} drop`;
}

function iptablesRule({ source, destination, protocol, ports }: Entry): string {
  return `-s ${source} -d ${destination} -p ${protocol} -m ${protocol} --dport ${ports.replace("-", ":")} -j DROP`;
}
