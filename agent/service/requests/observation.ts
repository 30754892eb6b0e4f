/** Requests about what weir sees: lists by filters, and the stream of events. */

import { EVENT_TYPES, SOCKET_EVENT_TYPES } from "../../observe/events/event.ts";
import { GROUPINGS, TOP_GROUPINGS } from "../../observe/flows/groups.ts";
import { STATISTICS_ORDER_NAMES } from "../../observe/statistics/row.ts";
import { DROP_FILTERS } from "../drop-filter.ts";
import { FLOW_FILTERS } from "../flow-filter.ts";
import { SOCKET_FILTERS } from "../socket-filter.ts";
import { STATISTICS_FILTERS } from "../statistics-filter.ts";
import { limitOf, requestOf } from "./request.ts";

const MOST_ROWS = 10_000;

const HASH = { description: "with the hash of the file that each process runs", type: "boolean", default: false } as const;

export const DROPS = requestOf("Lists what others than weir drop, the latest first.", {
  ...DROP_FILTERS,
  hash: HASH,
  limit: limitOf(100, MOST_ROWS),
});

export const FLOWS = requestOf("Lists live connections.", { ...FLOW_FILTERS, hash: HASH, limit: limitOf(100, MOST_ROWS) });

export const SOCKETS = requestOf("Lists sockets, listeners first.", { ...SOCKET_FILTERS, hash: HASH, limit: limitOf(1000, MOST_ROWS) });

export const TOP = requestOf("Lists who moves the most, over the last second or since the call before.", {
  by: { title: "WHAT", description: "what a row stands for", type: "string", enum: TOP_GROUPINGS, default: "process" },
  limit: limitOf(20, MOST_ROWS),
});

export const STATISTICS = requestOf("Adds up what was counted since the agent started.", {
  by: { title: "WHAT", description: "what a row stands for", type: "string", enum: GROUPINGS, default: "process" },
  sort: { title: "HOW", description: "the greatest first", type: "string", enum: STATISTICS_ORDER_NAMES, default: "connections" },
  ...STATISTICS_FILTERS,
  limit: limitOf(50, MOST_ROWS),
});

export const WATCH = requestOf("Streams events as they happen, one JSON object a line.", {
  type: { title: "TYPE", description: "only events of this type", type: "string", enum: [...EVENT_TYPES, ...SOCKET_EVENT_TYPES] },
  rule: { title: "NAME", description: "show only events of this rule", type: "string", examples: ["no-telnet-in"] },
});

export const CALLS = requestOf(
  "Streams what a process does with its sockets, one JSON object a line, without what it sends and receives.",
  {
    pid: { title: "PID", description: "the process", type: "integer", minimum: 1, maximum: 4_194_304 },
    descriptor: { title: "N", description: "only calls with this descriptor", type: "integer", minimum: 0, maximum: 1_073_741_816 },
    rate: {
      title: "N",
      description: "at most so many calls a second are shown, and the others are counted",
      type: "integer",
      minimum: 1,
      maximum: 10_000,
      default: 1000,
    },
  },
  ["pid"],
);
