/** Two addresses of a lab's client: the one is to be blocked, and its twin shows that the way is open all the while. */

import assert from "node:assert/strict";

import { eventually } from "../harness/eventually.ts";
import type { Lab } from "../harness/netns.ts";

/** What the lab gives its client. */
export const BLOCKED = { ipv4: "198.18.0.1", ipv6: "fd00:198:18::1" };
export const TWIN = { ipv4: "198.18.0.9", ipv6: "fd00:198:18::9" };

export class Twins {
  readonly #lab: Lab;

  private constructor(lab: Lab) {
    this.#lab = lab;
  }

  /** Gives the client of the lab the addresses of the twin, too. */
  static async of(lab: Lab): Promise<Twins> {
    await lab.exec("client", "ip", "addr", "add", `${TWIN.ipv4}/24`, "dev", "eth0");
    await lab.exec("client", "ip", "addr", "add", `${TWIN.ipv6}/64`, "dev", "eth0", "nodad");
    return new Twins(lab);
  }

  /** Whether one ping from this address is answered by the server. */
  async reaches(from: string): Promise<boolean> {
    const to = this.#lab.end("server:eth0");
    const { code } = await this.#lab.attempt("client", "ping", "-n", "-c1", "-W1", "-I", from, from.includes(":") ? to.ipv6 : to.ipv4);
    return code === 0;
  }

  /** One ping may be late, or lost while its address is made known: what passes does so in a few. */
  async passes(from: string): Promise<void> {
    await eventually(`an answer to ${from}`, () => this.reaches(from));
  }

  /** The one does not get through, while its twin does. */
  async onlyTwinPasses(families: readonly ("ipv4" | "ipv6")[] = ["ipv4"]): Promise<void> {
    for (const family of families) {
      await this.passes(TWIN[family]);
      assert.equal(await this.reaches(BLOCKED[family]), false, family);
    }
  }
}
