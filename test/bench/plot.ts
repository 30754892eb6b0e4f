/** Draws lines over two logarithmic axes as SVG, each named where it ends; readable on light and dark pages. */

export interface Panel {
  title: string;
  x: string;
  /** In nanoseconds. */
  y: string;
  lines: readonly Line[];
}

export interface Line {
  name: string;
  /** Drawn thicker than the others. */
  main: boolean;
  /** Larger than zero, from left to right. */
  points: readonly (readonly [x: number, y: number])[];
}

const PANEL = { width: 560, height: 360, left: 72, right: 172, top: 56, bottom: 52 };
const INNER = { width: PANEL.width - PANEL.left - PANEL.right, height: PANEL.height - PANEL.top - PANEL.bottom };
const LABEL_HEIGHT = 15;

/** On white and on black; they differ in brightness, too, for those who see fewer colours. */
const COLOURS = [
  ["#0b62d6", "#6cb0ff"],
  ["#128a8a", "#52d6d0"],
  ["#b4430a", "#ff9a5c"],
  ["#8a3ffc", "#c9a2ff"],
  ["#a0761a", "#e8c458"],
  ["#c2255c", "#ff85ad"],
] as const;

export function plot(panels: readonly Panel[]): string {
  const names = [...new Set(panels.flatMap(({ lines }) => lines.map(({ name }) => name)))];
  const width = PANEL.width * panels.length;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${PANEL.height}" width="${width}" height="${PANEL.height}" role="img" font-family="system-ui, sans-serif" font-size="12">`,
    `<title>${escape(panels.map(({ title }) => title).join("; "))}</title>`,
    `<style>${style()}</style>`,
    `<rect class="page" width="${width}" height="${PANEL.height}" rx="8"/>`,
    ...panels.map(
      (panel, number) =>
        `<g transform="translate(${number * PANEL.width} 0)">\n${draw(panel, (name) => names.indexOf(name) % COLOURS.length)}\n</g>`,
    ),
    "</svg>\n",
  ].join("\n");
}

function style(): string {
  const rules = (side: 0 | 1, page: string, text: string, grid: string): string =>
    [
      `.page{fill:${page}}`,
      `text{fill:${text}}`,
      `.grid{stroke:${grid}}`,
      ...COLOURS.map(
        (pair, number) => `.c${number}{stroke:${pair[side]}}text.c${number},circle.c${number}{fill:${pair[side]};stroke:none}`,
      ),
    ].join("");
  return `path{fill:none;stroke-width:1.8}.main{stroke-width:3.2}.grid{stroke-width:1}text.main{font-weight:600}${rules(0, "#ffffff", "#24292f", "#d8dee4")}@media(prefers-color-scheme:dark){${rules(1, "#0d1117", "#c9d1d9", "#30363d")}}`;
}

function draw({ title, x, y, lines }: Panel, colourOf: (name: string) => number): string {
  const points = lines.flatMap((line) => line.points);
  const across = new Axis(
    points.map(([value]) => value),
    INNER.width,
  );
  const up = new Axis(
    points.map(([, value]) => value),
    INNER.height,
  );
  const at = ([px, py]: readonly [number, number]): [number, number] => [PANEL.left + across.at(px), PANEL.top + INNER.height - up.at(py)];
  const [bottom, right] = [PANEL.top + INNER.height, PANEL.left + INNER.width];
  const ends = apart(lines.map((line) => at(line.points.at(-1)!)[1]));
  return [
    `<text x="${PANEL.left}" y="24" font-size="15" font-weight="600">${escape(title)}</text>`,
    `<text x="${PANEL.left}" y="42">${escape(y)}</text>`,
    `<text x="${PANEL.left + INNER.width / 2}" y="${PANEL.height - 12}" text-anchor="middle">${escape(x)}</text>`,
    ...up.ticks().map((value) => {
      const [, line] = at([points[0]![0], value]);
      return `<path class="grid" d="M${PANEL.left} ${line}H${right}"/><text x="${PANEL.left - 8}" y="${line + 4}" text-anchor="end">${duration(value)}</text>`;
    }),
    ...across.ticks().map((value) => {
      const [line] = at([value, points[0]![1]]);
      return `<path class="grid" d="M${line} ${PANEL.top}V${bottom}"/><text x="${line}" y="${bottom + 18}" text-anchor="middle">${value.toLocaleString("en")}</text>`;
    }),
    ...lines.map(({ name, main, points: own }, number) => {
      const colour = `c${colourOf(name)}${main ? " main" : ""}`;
      const placed = own.map(at);
      const dots = placed.map(([px, py]) => `<circle class="${colour}" cx="${round(px)}" cy="${round(py)}" r="${main ? 4 : 3}"/>`).join("");
      const [endX, endY] = placed.at(-1)!;
      const label = ends[number]!;
      const hook = `<path class="${colour.split(" ")[0]}" style="stroke-width:.8" d="M${round(endX + 5)} ${round(endY)}L${round(right + 16)} ${round(label)}"/>`;
      return `<path class="${colour}" d="M${placed.map(([px, py]) => `${round(px)} ${round(py)}`).join("L")}"/>${dots}${hook}<text class="${colour}" x="${right + 20}" y="${round(label + 4)}">${escape(name)}</text>`;
    }),
  ].join("\n");
}

/** Places as near to those asked for as labels of one line can stand. */
function apart(wanted: readonly number[]): number[] {
  const order = wanted.map((_, number) => number).toSorted((a, b) => wanted[a]! - wanted[b]!);
  const places = [...wanted];
  for (let round = 0; round < 100; round++) {
    for (const [above, below] of order.slice(1).map((number, before) => [order[before]!, number] as const)) {
      const missing = LABEL_HEIGHT - (places[below]! - places[above]!);
      if (missing <= 0) continue;
      places[above] = places[above]! - missing / 2;
      places[below] = places[below]! + missing / 2;
    }
  }
  return places;
}

/** Whole powers of ten, or with 2 and 5 between them where there are few. */
class Axis {
  readonly #from: number;
  readonly #to: number;
  readonly #steps: readonly number[];
  readonly #length: number;

  constructor(values: readonly number[], length: number) {
    const [least, most] = [Math.min(...values), Math.max(...values)];
    this.#steps = most / least > 100 ? [1] : [1, 2, 5];
    const marks = ticksOf(this.#steps);
    this.#from = marks.findLast((mark) => mark <= least)!;
    this.#to = marks.find((mark) => mark >= most && mark > this.#from)!;
    this.#length = length;
  }

  at(value: number): number {
    return round((Math.log(value / this.#from) / Math.log(this.#to / this.#from)) * this.#length);
  }

  ticks(): number[] {
    return ticksOf(this.#steps).filter((mark) => mark >= this.#from && mark <= this.#to);
  }
}

function ticksOf(steps: readonly number[]): number[] {
  return Array.from({ length: 12 }, (_, power) => steps.map((step) => step * 10 ** power)).flat();
}

function duration(nanoseconds: number): string {
  const [unit, name] = (
    [
      [1e6, "ms"],
      [1e3, "µs"],
      [1, "ns"],
    ] as const
  ).find(([least]) => nanoseconds >= least)!;
  return `${nanoseconds / unit} ${name}`;
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}

function escape(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
}
