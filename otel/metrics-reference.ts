/** Writes the metric table as Markdown into otel/README.md. Run by itself, this file updates that page. */

import { join } from "node:path";
import { embed, embedInPage } from "../config/embed.ts";
import { METRICS } from "./metrics-table.ts";
import { prometheusName } from "./prometheus.ts";

const KINDS = { counter: "counter", updowncounter: "up-down counter", gauge: "gauge", histogram: "histogram" } as const;

export const PAGE = join(import.meta.dirname, "README.md");
const MARKER = "metrics reference";

export function metricsReference(): string {
  const rows = METRICS.map((metric) => [
    `\`${metric.name}\``,
    `\`${prometheusName(metric)}\``,
    KINDS[metric.kind],
    `\`${metric.unit}\``,
    metric.attributes.map((name) => `\`${name}\``).join(", "),
    metric.description,
  ]);
  const heading = ["Metric", "In Prometheus", "Kind", "Unit", "Attributes", "What it says"];
  return `${[heading, heading.map(() => "---"), ...rows].map((cells) => `| ${cells.join(" | ")} |`).join("\n")}\n`;
}

/** Returns the text with the reference between its two markers. */
export function embedMetrics(text: string): string {
  return embed(text, MARKER, metricsReference());
}

if (import.meta.main) embedInPage(PAGE, MARKER, metricsReference());
