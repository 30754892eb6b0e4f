/** The text that Prometheus reads, and which of its series a selector takes. */

export interface Series {
  name: string;
  labels: Record<string, string>;
}

export function readSeries(text: string): Series[] {
  const lines = [...text.matchAll(/^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? \S+$/gm)];
  return lines.map(([, name = "", labels = ""]) => ({
    name,
    labels: Object.fromEntries([...labels.matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)].map(([, label = "", value = ""]) => [label, value])),
  }));
}

/** What a reader of the text learns of each metric besides values: its type, and the labels of its series. */
export function describeMetrics(text: string): Map<string, { type: string; labels: string[] }> {
  const series = readSeries(text);
  const types = [...text.matchAll(/^# TYPE (\S+) (\S+)$/gm)];
  return new Map(
    types.map(([, metric = "", type = ""]) => {
      const names = type === "histogram" ? [`${metric}_bucket`, `${metric}_sum`, `${metric}_count`] : [metric];
      const labels = series.filter(({ name }) => names.includes(name)).flatMap((one) => Object.keys(one.labels));
      return [metric, { type, labels: [...new Set(labels)].sort() }];
    }),
  );
}

export interface Selector {
  metric: string;
  /** `label="value"`, `label!="value"` and `label=~"pattern"`; other kinds do not occur in what weir ships. */
  labels: [label: string, value: RegExp][];
}

/** Of an expression in PromQL: `metric{...}`. A metric without braces is no selector here, but see `asked`. */
export function selectors(text: string): Selector[] {
  return [...text.matchAll(/([a-zA-Z_:][\w:]*)\{([^}]*)\}/g)].map(([, metric = "", list = ""]) => ({
    metric,
    labels: list
      .split(/,\s*/)
      .filter(Boolean)
      .map((one): [string, RegExp] => {
        const [, label = "", operator = "", value = ""] = /^(\w+)(=~?|!=)"([^"]*)"$/.exec(one.trim()) ?? [];
        if (label === "") throw new SyntaxError(`${one} in ${text} is a kind of matcher that this reader does not know`);
        const pattern = operator === "=~" ? value : RegExp.escape(value);
        return [label, new RegExp(operator === "!=" ? `^(?!${pattern}$)` : `^(?:${pattern})$`)];
      }),
  }));
}

export function selects({ metric, labels }: Selector, series: Series): boolean {
  return series.name === metric && labels.every(([label, value]) => value.test(series.labels[label] ?? ""));
}
