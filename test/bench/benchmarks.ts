/** Every benchmark there is, in the order of the table. */

import { bans } from "./bans.ts";
import { calls } from "./calls.ts";
import { change } from "./change.ts";
import { classification } from "./classification.ts";
import { connections } from "./connections.ts";
import { cost } from "./cost.ts";
import { events } from "./events.ts";
import type { Benchmark } from "./figure.ts";
import { flood } from "./flood.ts";
import { idle } from "./idle.ts";
import { load } from "./load.ts";
import { memory } from "./memory.ts";
import { rivals } from "./rivals.ts";
import { sets } from "./sets.ts";
import { start } from "./start.ts";
import { throughput } from "./throughput.ts";

export const BENCHMARKS: readonly Benchmark[] = [
  cost,
  connections,
  calls,
  classification,
  bans,
  sets,
  load,
  change,
  flood,
  throughput,
  start,
  events,
  idle,
  memory,
  rivals,
];
