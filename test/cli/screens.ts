/** Draws what a program wrote to a terminal as SVG: one screen after the other, readable on light and dark pages. */

const CELL = { width: 8, height: 18 };
const MARGIN = 16;
const BAR = 28;
const SECONDS_A_SCREEN = 6;

interface Cell {
  character: string;
  style: string;
}

/** Each output is drawn as the screen that it leaves. */
export function drawScreens(outputs: readonly string[], columns: number): string {
  const screens = outputs.map((output) => screenOf(output));
  const rows = Math.max(...screens.map((screen) => screen.length));
  const [width, height] = [columns * CELL.width + 2 * MARGIN, rows * CELL.height + 2 * MARGIN + BAR];
  const title = "The live view of weir run: a connection that is detected, and after weir mode prevent one that is blocked";
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" font-family="ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace" font-size="13">`,
    `<title>${escape(title)}</title>`,
    `<style>${style(screens.length)}</style>`,
    `<rect class="page" width="${width}" height="${height}" rx="8"/>`,
    ...["#ff5f57", "#febc2e", "#28c840"].map(
      (fill, number) => `<circle cx="${MARGIN + 6 + number * 20}" cy="${MARGIN + 2}" r="6" fill="${fill}"/>`,
    ),
    ...screens.map(
      (screen, number) =>
        `<g class="screen s${number}">\n${screen.flatMap((line, row) => runsOf(line).map((run) => text(run, row))).join("\n")}\n</g>`,
    ),
    "</svg>\n",
  ].join("\n");
}

/** Only the last screen is shown where somebody wants no motion, or the viewer knows none. */
function style(screens: number): string {
  const turns = Array.from({ length: screens }, (_, number) => {
    const [from, to] = [(100 * number) / screens, (100 * (number + 1)) / screens];
    return `@keyframes k${number}{0%{visibility:${number === 0 ? "visible" : "hidden"}}${from}%{visibility:visible}${to}%{visibility:${number === screens - 1 ? "visible" : "hidden"}}}.s${number}{animation:k${number} ${screens * SECONDS_A_SCREEN}s step-end infinite}`;
  });
  const still = Array.from({ length: screens - 1 }, (_, number) => `.s${number}{visibility:hidden}`);
  return [
    ".page{fill:#0d1117}text{fill:#c9d1d9;white-space:pre}.bold{font-weight:700;fill:#f0f6fc}.green{fill:#3fb950}.yellow{fill:#d29922}.red{fill:#ff7b72}.cyan{fill:#39c5cf}.blue{fill:#79c0ff}.magenta{fill:#d2a8ff}.dim{fill:#8b949e}",
    `${still.join("")}@media(prefers-reduced-motion:no-preference){${turns.join("")}}`,
  ].join("");
}

function text({ column, characters, style }: Run, row: number): string {
  const [x, y] = [MARGIN + column * CELL.width, MARGIN + BAR + (row + 1) * CELL.height - 5];
  const known = style === "" ? "" : ` class="${style}"`;
  const shown = characters.trimEnd();
  return `<text x="${x}" y="${y}" textLength="${shown.length * CELL.width}" lengthAdjust="spacingAndGlyphs"${known}>${escape(shown)}</text>`;
}

interface Run {
  column: number;
  characters: string;
  style: string;
}

/** Words of one style. Wide gaps part them, so that columns stand where they should in any font. */
function runsOf(line: readonly Cell[]): Run[] {
  const runs: Run[] = [];
  for (const [column, { character, style }] of line.entries()) {
    const last = runs.at(-1);
    const isNext = last !== undefined && last.column + last.characters.length === column && last.style === style;
    if (character === " ") {
      if (isNext && line[column + 1] !== undefined && line[column + 1]!.character !== " ") last.characters += " ";
    } else if (isNext) last.characters += character;
    else runs.push({ column, characters: character, style });
  }
  return runs;
}

const STYLES: Record<number, string> = {
  1: "bold",
  2: "dim",
  31: "red",
  32: "green",
  33: "yellow",
  34: "blue",
  35: "magenta",
  36: "cyan",
  90: "dim",
};

/** As much of a terminal as the view uses: colours, lines that are drawn anew, and what is erased. */
function screenOf(output: string): Cell[][] {
  const lines: Cell[][] = [[]];
  let [row, column, style] = [0, 0, ""];
  for (const [, parameters, command, plain] of output.matchAll(/\x1b\[([?0-9;]*)([A-Za-z])|([^\x1b])/gu)) {
    if (plain === "\n") lines[++row] ??= [];
    else if (plain === "\r") column = 0;
    else if (plain !== undefined) {
      const line = lines[row]!;
      while (line.length < column) line.push({ character: " ", style: "" });
      line[column++] = { character: plain, style };
    } else if (command === "A") row = Math.max(0, row - Number(parameters || 1));
    else if (command === "H") [row, column] = [0, 0];
    else if (command === "K") lines[row]!.length = Math.min(lines[row]!.length, column);
    else if (command === "J") {
      if (parameters === "2") lines.splice(0, lines.length, []);
      else lines.splice(row + 1);
      if (parameters === "2") [row, column] = [0, 0];
      else lines[row]!.length = Math.min(lines[row]!.length, column);
    } else if (command === "m") style = STYLES[Number(parameters)] ?? "";
  }
  while (lines.length > 1 && lines.at(-1)!.length === 0) lines.pop();
  return lines;
}

function escape(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}
