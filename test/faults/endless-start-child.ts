/** A start that never comes to its end, and whose thread does nothing else. */

import { StartDeadline } from "../../agent/daemon/start-deadline.ts";

const deadline = new StartDeadline(2, { doing: "beginning", next: "Nothing can be done." });
deadline.step("waiting for nothing", "Go home.");
for (;;);
