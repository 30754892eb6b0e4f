/**
 * Writes weir.json, the dashboard to import into Grafana: `node collector/dashboards/generate.ts`. Panels stand in the order
 * below, three in a row of the screen unless they say otherwise.
 */

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { SECTIONS, type Panel } from "./panels.ts";

const COLUMNS = 24;
const DATASOURCE = { type: "prometheus", uid: "${datasource}" };

export function dashboard(): object {
  return {
    uid: "weir",
    title: "weir",
    description: "What weir sees, decides, and cannot see.",
    tags: ["weir"],
    schemaVersion: 39,
    editable: true,
    refresh: "30s",
    time: { from: "now-6h", to: "now" },
    graphTooltip: 1,
    templating: {
      list: [
        { name: "datasource", label: "Data source", type: "datasource", query: "prometheus" },
        choice("instance", "Host", "label_values(weir_health, instance)"),
        choice("interface", "Interface", 'label_values(weir_packets_total{instance=~"$instance"}, network_interface_name)'),
      ],
    },
    panels: layOut(),
  };
}

function choice(name: string, label: string, query: string): object {
  return {
    name,
    label,
    type: "query",
    datasource: DATASOURCE,
    query: { query, refId: name },
    refresh: 2,
    sort: 1,
    multi: true,
    includeAll: true,
    allValue: ".*",
    current: { text: "All", value: "$__all" },
  };
}

function layOut(): object[] {
  const panels: object[] = [];
  let top = 0;
  for (const section of SECTIONS) {
    panels.push({
      id: panels.length + 1,
      type: "row",
      title: section.title,
      collapsed: false,
      gridPos: { x: 0, y: top++, w: COLUMNS, h: 1 },
      panels: [],
    });
    let left = 0;
    let lowest = top;
    for (const panel of section.panels) {
      const width = panel.width ?? 8;
      const height = panel.kind === "stat" ? 4 : 8;
      if (left + width > COLUMNS) [left, top] = [0, lowest];
      panels.push({ id: panels.length + 1, ...draw(panel), gridPos: { x: left, y: top, w: width, h: height } });
      left += width;
      lowest = Math.max(lowest, top + height);
    }
    top = lowest;
  }
  return panels;
}

function draw(panel: Panel): object {
  const table = panel.kind === "table";
  return {
    type: panel.kind,
    title: panel.title,
    description: panel.says,
    datasource: DATASOURCE,
    targets: Object.entries(panel.queries).map(([legend, expr], index) => ({
      refId: String.fromCharCode(65 + index),
      datasource: DATASOURCE,
      expr,
      legendFormat: legend,
      ...(panel.kind === "timeseries" ? { range: true } : { instant: true, range: false }),
      ...(table ? { format: "table" } : {}),
    })),
    fieldConfig: {
      defaults: {
        unit: panel.unit ?? "short",
        ...(panel.max === undefined ? {} : { max: panel.max }),
        min: 0,
        ...(panel.kind === "timeseries"
          ? {
              custom: {
                fillOpacity: panel.stacked ? 30 : 8,
                lineWidth: 1,
                showPoints: "never",
                stacking: { mode: panel.stacked ? "normal" : "none" },
              },
            }
          : {}),
        ...(panel.bad === undefined
          ? {
              color: {
                mode: panel.kind === "stat" ? "fixed" : "palette-classic",
                ...(panel.kind === "stat" ? { fixedColor: "text" } : {}),
              },
            }
          : {
              color: { mode: "thresholds" },
              thresholds: {
                mode: "absolute",
                steps: [
                  { color: "green", value: null },
                  { color: "red", value: panel.bad },
                ],
              },
            }),
        ...(panel.words === undefined
          ? {}
          : { mappings: [{ type: "value", options: Object.fromEntries(panel.words.map((text, index) => [index, { text, index }])) }] }),
      },
      overrides: "{{weir_verdict}}" in panel.queries ? Object.entries(COLOURS).map(colourOf) : [],
    },
    options: OPTIONS[panel.kind],
    ...(table
      ? {
          transformations: [
            { id: "merge", options: {} },
            { id: "organize", options: { excludeByName: { Time: true } } },
          ],
        }
      : {}),
  };
}

function colourOf([name, colour]: [string, string]): object {
  return { matcher: { id: "byName", options: name }, properties: [{ id: "color", value: { mode: "fixed", fixedColor: colour } }] };
}

/** The colours of the verdicts, in whatever order they come. */
const COLOURS = { passed: "green", would_drop: "orange", carried: "yellow", dropped: "red", undecided: "purple" };

const OPTIONS = {
  stat: { reduceOptions: { calcs: ["lastNotNull"] }, colorMode: "value", graphMode: "none", textMode: "auto" },
  timeseries: { legend: { displayMode: "list", placement: "bottom" }, tooltip: { mode: "multi", sort: "desc" } },
  table: { showHeader: true, cellHeight: "sm" },
};

if (import.meta.main) {
  writeFileSync(join(import.meta.dirname, "weir.json"), `${JSON.stringify(dashboard(), null, 2)}\n`);
}
