/** A start that takes longer than its time, which is not counted, and then never comes to its end. */

import { setTimeout as pause } from "node:timers/promises";

import { StartDeadline } from "../../agent/daemon/start-deadline.ts";

const deadline = new StartDeadline(5, { doing: "waiting", next: "Nothing can be done." });
await deadline.uncounted(pause(7000));
process.stdout.write("went on\n");
deadline.step("waiting for nothing", "Go home.");
for (;;);
