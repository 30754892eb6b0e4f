/** The metric table as Markdown, for the README. */

import { METRICS } from "./metrics-table.ts";
import { prometheusName } from "./prometheus.ts";

const KINDS = { counter: "counter", updowncounter: "up-down counter", gauge: "gauge", histogram: "histogram" } as const;

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
  return [heading, heading.map(() => "---"), ...rows].map((cells) => `| ${cells.join(" | ")} |`).join("\n") + "\n";
}
