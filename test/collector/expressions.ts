/** The PromQL that weir ships, and what it asks for. */

import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { parse } from "yaml";

export const SHIPPED = join(import.meta.dirname, "../../collector");

export interface Expression {
  /** Where an operator meets it. */
  where: string;
  text: string;
}

export async function dashboardExpressions(): Promise<Expression[]> {
  const { panels } = JSON.parse(await readFile(join(SHIPPED, "dashboards/weir.json"), "utf8")) as {
    panels: { title: string; targets?: { expr: string }[] }[];
  };
  return panels.flatMap(({ title, targets = [] }) =>
    targets.map(({ expr }) => ({ where: `panel ${title}`, text: withoutVariables(expr) })),
  );
}

export async function alertExpressions(): Promise<Expression[]> {
  const { groups } = parse(await readFile(join(SHIPPED, "alerts.yaml"), "utf8")) as {
    groups: { rules: { alert: string; expr: string }[] }[];
  };
  return groups.flatMap(({ rules }) => rules.map(({ alert, expr }) => ({ where: `alert ${alert}`, text: expr })));
}

/** As Grafana would send it, with "All" chosen everywhere. */
function withoutVariables(text: string): string {
  return text.replaceAll("$__rate_interval", "1m").replaceAll("$__range", "6h").replaceAll(/\$\w+/g, ".*");
}

export interface Asked {
  metrics: string[];
  labels: string[];
}

const KEYWORDS = new Set(["and", "or", "unless", "offset", "bool", "by", "without", "on", "ignoring", "group_left", "group_right"]);

/** The metrics and labels an expression names. */
export function asked({ text }: Expression): Asked {
  const labels: string[] = [];
  const rest = text
    .replaceAll(/"[^"]*"/g, '""')
    .replaceAll(/\b(?:by|without|on|ignoring|group_left|group_right)\s*\(([^)]*)\)/g, (_, list: string) => {
      labels.push(...list.split(",").map((label) => label.trim()));
      return " ";
    })
    .replaceAll(/\{([^}]*)\}/g, (_, list: string) => {
      labels.push(...[...list.matchAll(/(\w+)\s*[=!]/g)].map(([, label = ""]) => label));
      return " ";
    })
    .replaceAll(/\[[^\]]*\]|\boffset\s+\w+/g, " ");
  const words = [...rest.matchAll(/(?<![\w.])([a-zA-Z_:][\w:]*)(?!\w)(\s*\()?/g)];
  const metrics = words.filter(([, word = "", call]) => call === undefined && !KEYWORDS.has(word)).map(([, word = ""]) => word);
  return { metrics: [...new Set(metrics)], labels: [...new Set(labels)] };
}
