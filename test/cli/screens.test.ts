import assert from "node:assert/strict";
import { test } from "node:test";

import { drawScreens } from "./screens.ts";

function textsOf(svg: string): string[] {
  return [...svg.matchAll(/<text [^>]*>([^<]*)<\/text>/g)].map(([, text]) => text!);
}

test("a picture shows what the terminal showed in the end, in its colours and columns", () => {
  const svg = drawScreens(["mode  \x1b[1mdetect\x1b[22m\r\n1 < 2\x1b[K\r\n\x1b[2A\rmode  \x1b[31mprevent\x1b[39m\x1b[K\r\n\x1b[J"], 80);
  assert.deepEqual(textsOf(svg), ["mode", "prevent"], "what was drawn over, and what was erased, is gone");
  assert.match(svg, /<text x="64" [^>]*class="red">prevent/);
});

test("characters that mean something to SVG are text", () => {
  assert.deepEqual(textsOf(drawScreens(["a <b> & c"], 80)), ["a &lt;b&gt; &amp; c"]);
});

test("without motion the last screen is shown", () => {
  const svg = drawScreens(["first", "second"], 80);
  assert.match(svg, /\.s0\{visibility:hidden\}@media/);
  assert.match(svg, /<g class="screen s0">\n.*first.*\n<\/g>\n<g class="screen s1">\n.*second/);
});
