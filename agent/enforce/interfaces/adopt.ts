/**
 * Interfaces that an earlier agent watched. They must be known before rules are installed: the flip makes every connection be
 * judged again, and a rule that names interfaces would miss interfaces that are added later.
 */

import type { Installer } from "../install.ts";

/** Adds the interfaces, and clears the entries of devices that are gone. */
export function adoptInterfaces(installer: Installer, present: readonly { ifindex: number; name: string }[]): void {
  const names = new Map(present.map(({ ifindex, name }) => [ifindex, name]));
  for (const facts of installer.interfaces.rows()) {
    const name = names.get(facts.ifindex);
    if (name === undefined) installer.removeInterface(facts.ifindex);
    else installer.addInterface({ ...facts, name });
  }
}
