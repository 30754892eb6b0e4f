import assert from "node:assert/strict";
import { test } from "node:test";
import { locate } from "../../config/text/read.ts";
import { readSimple } from "../../config/text/simple.ts";
import { Wanted } from "../../config/text/wanted.ts";

const simple = (text: string): unknown => {
  const reading = readSimple(text, new Wanted());
  assert.ok("value" in reading, JSON.stringify(reading));
  return reading.value;
};

test("a mapping may have a key that objects have anyway", () => {
  const mapping = simple("__proto__: { polluted: yes }\nconstructor: 1\n") as Record<string, unknown>;
  assert.deepEqual(Object.keys(mapping), ["__proto__", "constructor"]);
  assert.equal(mapping["polluted"], undefined);
});

test("an escape in double quotes is what JSON says, and quotes are doubled in single ones", () => {
  assert.deepEqual(simple('["a\\tb\\u00e9\\"", \'it\'\'s\', ""]'), ['a\tbé"', "it's", ""]);
});

test("both readers find keys and values at the same places", () => {
  const text = 'version: 1\nrules:\n  - name: a\n    layer3: { source: [10.0.0.1,\n      "::1"] }\n  -\n    name: b\n';
  const paths = [["version"], ["rules", 0], ["rules", 0, "layer3", "source", 1], ["rules", 1], ["rules", 1, "name"]];
  const places = paths.flatMap((path) => [
    { path, ofKey: true },
    { path, ofKey: false },
  ]);
  const expected = ["version", "1\n", "- name: a", "name: a", '"::1"', '"::1"', "-\n    name: b", "name: b", "name: b", "b\n"];
  for (const [index, offset] of locate(text, "weir.yaml", places).entries()) {
    assert.ok(text.slice(offset).startsWith(expected[index] ?? "?"), `${JSON.stringify(places[index])} at ${offset}`);
  }
  const withAnchor = text.replace("name: a", "name: &a a");
  const values = places.filter(({ ofKey }) => !ofKey);
  const found = locate(withAnchor, "weir.yaml", values).map((offset) => withAnchor.slice(offset, offset + 3));
  assert.deepEqual(found, ["1\nr", "nam", '"::', "nam", "b\n"]);
});
