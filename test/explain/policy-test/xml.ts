/** A strict reader of the XML that JUnit files are made of: elements, attributes and text. */

export interface Element {
  name: string;
  attributes: Record<string, string>;
  children: Element[];
  text: string;
}

const TOKEN = /<\?xml version="1\.0" encoding="UTF-8"\?>|<\/([a-z]+)>|<([a-z]+)((?: [a-z]+="[^"<]*")*)(\/?)>|([^<]+)/gy;
const FORBIDDEN = /[^\t\n\r\u{20}-\u{d7ff}\u{e000}-\u{fffd}\u{10000}-\u{10ffff}]/u;

export function parseXml(text: string): Element {
  const root: Element = { name: "", attributes: {}, children: [], text: "" };
  const open = [root];
  if (FORBIDDEN.test(text)) throw new SyntaxError("a character that XML cannot hold");
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < text.length) {
    const at = TOKEN.lastIndex;
    const match = TOKEN.exec(text);
    if (match === null) throw new SyntaxError(`not XML at ${at}: ${text.slice(at, at + 40)}`);
    const [, closed, opened, attributes = "", empty, content] = match;
    const inside = open.at(-1)!;
    if (content !== undefined) inside.text += unescaped(content);
    if (closed !== undefined && open.pop()!.name !== closed) throw new SyntaxError(`</${closed}> closes something else`);
    if (opened === undefined) continue;
    const pairs = [...attributes.matchAll(/ ([a-z]+)="([^"]*)"/g)].map(([, key, value]): [string, string] => [key!, unescaped(value!)]);
    const element: Element = { name: opened, attributes: Object.fromEntries(pairs), children: [], text: "" };
    inside.children.push(element);
    if (empty === "") open.push(element);
  }
  if (open.length !== 1 || root.children.length !== 1) throw new SyntaxError("not one whole element");
  return root.children[0]!;
}

const NAMED: Record<string, string> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'" };

function unescaped(text: string): string {
  return text.replace(/&([^;]*);|&/g, (_, name?: string) => {
    if (name?.startsWith("#")) return String.fromCodePoint(Number(name.slice(1)));
    const character = NAMED[name ?? ""];
    if (character === undefined) throw new SyntaxError(`&${name} is no entity`);
    return character;
  });
}
