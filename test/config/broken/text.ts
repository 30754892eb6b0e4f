/** What never becomes a configuration, because the YAML itself is wrong. */

import type { BrokenFile } from "./case.ts";

export const WRONG_TEXT: BrokenFile[] = [
  ["the same key twice", "version: 1\nmode: detect\nmode: prevent\n", 'weir.yaml:3:1: the key "mode" is here twice; keep one'],
  [
    "the same key twice in brackets",
    "{ version: 1, mode: detect, mode: prevent }\n",
    'weir.yaml:1:29: the key "mode" is here twice; keep one',
  ],
  [
    "the same key twice in a file with anchors",
    "version: 1\nx: &x 1\nmode: detect\nmode: detect\n",
    'weir.yaml:2:1: x: unknown key "x"',
    'weir.yaml:4:1: the key "mode" is here twice; keep one',
  ],
  [
    "a list that the file ends in",
    "version: 1\nrules:\n  - name: a\n    action: block\n    layer3: { source: [10.0.0.1,",
    'weir.yaml:5:23: "[" is never closed: the file ends inside it',
  ],
  ["a text that the file ends in", 'version: 1\nrules:\n  - name: "a', "weir.yaml:3:11: the quotes are not closed on this line"],
  ["a key that the file ends in", "version: 1\nrules:\n  - name: a\n    acti", 'weir.yaml:4:5: a key needs ":" and a space after it'],
  [
    "a missing comma",
    "version: 1\nfailsafe: { management_ports: [22 23], addresses: [] }\n",
    'weir.yaml:2:32: failsafe.management_ports[0]: "22 23" is not a whole number',
  ],
  ["a missing space after a colon", "version: 1\nmode:prevent\n", 'weir.yaml:2:1: a key needs ":" and a space after it'],
  ["two colons in a line", "version: 1\nmode: a: b\n", "weir.yaml:2:8: there is more after the end of the value; it may need quotes"],
  [
    "a key indented too little",
    "version: 1\nrules:\n  - name: a\n   action: block\n",
    "weir.yaml:4:4: the indentation is that of no line above",
  ],
  ["a key indented too much", "version: 1\n  mode: detect\n", "weir.yaml:2:3: the indentation is that of no line above"],
  ["a tab for indentation", "version: 1\nrules:\n\t- name: a\n", "weir.yaml:3:1: the indentation has a tab; use spaces"],
  [
    "quotes that end too early",
    'version: 1\nmode: "det"ect\n',
    "weir.yaml:2:12: there is more after the end of the value; it may need quotes",
  ],
  ["two documents", "version: 1\n---\nversion: 1\n", "weir.yaml:2:1: a second document begins here; a configuration is one document"],
  ["an unknown tag", "version: 1\nmode: !mode detect\n", "weir.yaml:2:7: unresolved tag: !mode"],
  ["a key that is a list", "version: 1\n? [a]\n: 1\n", "weir.yaml:2:3: a key has to be text"],
  ["a key that is nothing", "version: 1\n~: 1\n", "weir.yaml:2:1: a key has to be text"],
  [
    "an alias of nothing",
    "version: 1\nmode: *nothing\n",
    "weir.yaml:2:7: no anchor &nothing ends before this alias; text that begins with * needs quotes",
  ],
  [
    "an alias of what it is in",
    "version: 1\nrules: &a [*a]\n",
    "weir.yaml:2:12: no anchor &a ends before this alias; text that begins with * needs quotes",
  ],
  ["a NUL", "version: 1\u0000\n", "weir.yaml:1:11: there is a control character (0x00); a configuration file is plain text"],
  [
    "an escape character",
    "version: 1 # \u001b[2J\n",
    "weir.yaml:1:14: there is a control character (0x1b); a configuration file is plain text",
  ],
  [
    "old line ends",
    "version: 1\rmode: detect\r",
    "weir.yaml:1:11: there is a carriage return in the middle of a line; a configuration file is plain text",
  ],
  [
    "deep nesting",
    `version: 1\nrules: ${"[".repeat(40)}${"]".repeat(40)}\n`,
    "weir.yaml:2:39: the file is nested more than 32 levels deep",
  ],
];
