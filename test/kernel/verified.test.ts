/**
 * How many instructions the verifier goes through for each program. It gives up at a million, and the number depends on the
 * kernel: before 6.2 it tells more states apart. So a rise is to be seen here long before a program no longer loads.
 */

import assert from "node:assert/strict";
import { join } from "node:path";
import { describe, it } from "node:test";

import { isLoadable, PROBES } from "../../agent/kernel/dataplane.ts";
import { openObject } from "../../agent/kernel/objects.ts";
import { requires, root } from "../harness/require.ts";

/** In thousands. Behind each stands what was measured on Linux 6.1, 6.12 and 6.18 when the limit was set. */
const MOST: Record<string, Record<string, number>> = {
  "tc.bpf.o": {
    weir_tc_ingress: 350, // 272, 212, 253
    weir_tc_egress: 350, // 272, 212, 253
  },
  "xdp.bpf.o": {
    weir_xdp_ingress: 320, // 246, 186, 227
  },
  "drops.bpf.o": {
    weir_kernel_drop: 25, // 5, 16, 16
  },
  "process.bpf.o": {
    weir_set_state: 45, // 34, 30, 29
    weir_identify_all: 8, // 5, 5, 5
  },
  "calls.bpf.o": {
    weir_exit_32bit: 20, // 10, -, 10
  },
  "shown.bpf.o": {},
};

/** For all others; the largest of them had 2,400. */
const MOST_OF_OTHERS = 5;

/** As the agent sets them: the verifier leaves out what a 0 switches off. */
const rodata = {
  netns_cookie: 1n,
  counted_netns: 1n,
  answer_secret: 1n,
  jiffies_per_second: 250,
  cells_a_copy: 32_768,
  rule_slots: 4096,
  ban_line_count: 32_768,
  set_line_count: 32_768,
};
const maxEntries = {
  cells: 65_536,
  rules: 8192,
  rule_counters: 4096,
  ban_lines: 32_768,
  set_lines: 32_768,
  // These only take memory.
  flows: 1024,
  unproven_flows: 1024,
  openings_in: 1024,
  openings_out: 1024,
};

describe("the verifier goes through few enough instructions of", requires(root()), () => {
  for (const [file, most] of Object.entries(MOST)) {
    it(file, (context) => {
      const object = openObject(join(PROBES, file), { rodata, maxEntries, autoload: isLoadable });
      try {
        for (const name of Object.keys(most)) assert.ok(object.programs.has(name), `there is no program ${name}`);
        for (const [name, program] of object.programs) {
          const { verifiedInstructions } = program.info();
          const limit = (most[name] ?? MOST_OF_OTHERS) * 1000;
          if (name in most) context.diagnostic(`${name}: ${verifiedInstructions}`);
          assert.ok(verifiedInstructions > 0, name);
          assert.ok(
            verifiedInstructions <= limit,
            `${name} takes ${verifiedInstructions}, and may take ${limit}: make a part of it a function that is not static (see judge_inner)`,
          );
        }
      } finally {
        object.close();
      }
    });
  }
});
