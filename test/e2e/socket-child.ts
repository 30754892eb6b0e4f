/** Opens sockets as it is told, each as FAMILY TYPE PROTOCOL, and has them open until its parent lets go. */

import { check, libc } from "../../agent/kernel/syscall.ts";

for (let at = 2; at + 2 < process.argv.length; at += 3) {
  const [family, type, protocol] = process.argv.slice(at, at + 3).map(Number);
  check("socket", libc().socket(family!, type!, protocol!));
}
process.send!("open");
process.once("disconnect", () => process.exit());
