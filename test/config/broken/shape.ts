/** What is there, missing, or of the wrong kind, whatever its meaning; and what rules are called. */

import { type BrokenFile, rule } from "./case.ts";

export const WRONG_SHAPES: BrokenFile[] = [
  ["an empty file", "", 'weir.yaml:1:1: the file is empty; begin with "version: 1"'],
  ["only comments", "# nothing here\n\n", 'weir.yaml:1:1: the file is empty; begin with "version: 1"'],
  ["no version", "mode: detect\n", 'weir.yaml:1:1: "version" is missing; write one, as "version: 1"'],
  ["a later version", "version: 2\n", "weir.yaml:1:10: version: 2 is not 1, the only value that is allowed here; did you mean 1?"],
  ["a list at the top", "- version: 1\n", "weir.yaml:1:1: a list of 1 is not a mapping"],
  ["text at the top", "weir\n", 'weir.yaml:1:1: "weir" is not a mapping'],
  ["a mistyped key", "version: 1\nmodes: prevent\n", 'weir.yaml:2:1: modes: unknown key "modes"; did you mean mode?'],
  ["a key that resembles none", "version: 1\nbanana: 1\n", 'weir.yaml:2:1: banana: unknown key "banana"'],
  [
    "a key one level too high",
    "version: 1\nendpoint: http://127.0.0.1:4318\n",
    'weir.yaml:2:1: endpoint: unknown key "endpoint"; did you mean otel.endpoint?',
  ],
  [
    "a condition one level too high",
    rule("destination_ports: [23]"),
    'weir.yaml:5:5: rules[0].destination_ports: unknown key "destination_ports"; did you mean layer4.destination_ports?',
  ],
  [
    "a rule that allows and rejects",
    "version: 1\nrules:\n  - { name: a, action: allow, reject: true }\n",
    "weir.yaml:3:31: rules[0].reject: reject needs the action block, because what passes is not rejected",
  ],
  ["a word for whether to reject", rule("reject: maybe"), 'weir.yaml:5:13: rules[0].reject: "maybe" is not true or false'],
  [
    "a mistyped rule key",
    rule("layer_4: { protocol: tcp }"),
    'weir.yaml:5:5: rules[0].layer_4: unknown key "layer_4"; did you mean layer4?',
  ],
  ["a key of a later version", rule("layer7: { http: {} }"), 'weir.yaml:5:5: rules[0].layer7: unknown key "layer7"'],
  ["a prototype for a key", "version: 1\n__proto__: { mode: prevent }\n", 'weir.yaml:2:1: __proto__: unknown key "__proto__"'],
  [
    "a mode in capitals",
    "version: 1\nmode: Prevent\n",
    'weir.yaml:2:7: mode: "Prevent" is not one of detect, prevent; did you mean prevent?',
  ],
  ["a mistyped mode", "version: 1\nmode: protect\n", 'weir.yaml:2:7: mode: "protect" is not one of detect, prevent; did you mean prevent?'],
  [
    "yes for a boolean",
    "version: 1\ninspect_tunnels: yes\n",
    'weir.yaml:2:18: inspect_tunnels: "yes" is not true or false; did you mean true?',
  ],
  [
    "a quoted boolean",
    'version: 1\notel: { traces: "false" }\n',
    'weir.yaml:2:17: otel.traces: "false" is not true or false; did you mean false?',
  ],
  ["a number for a boolean", "version: 1\notel: { traces: 1 }\n", "weir.yaml:2:17: otel.traces: 1 is not true or false"],
  [
    "a quoted number",
    'version: 1\nevents_per_second: "100"\n',
    'weir.yaml:2:20: events_per_second: "100" is not a whole number; did you mean 100?',
  ],
  ["a fraction", "version: 1\nevents_per_second: 1.5\n", "weir.yaml:2:20: events_per_second: 1.5 is not a whole number"],
  ["a number too small", "version: 1\nevents_per_second: 0\n", "weir.yaml:2:20: events_per_second: 0 is outside 1 to 1000000"],
  ["a mapping for a list", "version: 1\nrules: { name: a, action: block }\n", "weir.yaml:2:8: rules: a mapping is not a list"],
  ["a key without a value", "version: 1\nrules:\nmode: detect\n", "weir.yaml:2:1: rules: this is empty; give it a value or remove the key"],
  [
    "a rule without a name",
    "version: 1\nrules:\n  - action: block\n",
    'weir.yaml:3:5: rules[0]: "name" is missing; write one, as "name: no-telnet-in"',
  ],
  [
    "a rule without an action",
    "version: 1\nrules:\n  - name: a\n",
    'weir.yaml:3:5: rules[0]: "action" is missing; write one, as "action: block"',
  ],
  [
    "an empty rule",
    "version: 1\nrules:\n  - name: a\n    action: allow\n  -\n  - {}\n",
    "weir.yaml:5:3: rules[1]: the rule is empty; give it a name, an action and conditions, or remove it",
    "weir.yaml:6:5: rules[2]: the rule is empty; give it a name, an action and conditions, or remove it",
  ],
  ["a rule that is text", "version: 1\nrules: [no-telnet]\n", 'weir.yaml:2:9: rules[0]: "no-telnet" is not a mapping'],
  [
    "two rules of one name",
    "version: 1\nrules:\n  - { name: a, action: allow }\n  - { name: b, action: allow }\n  - { name: a, action: allow }\n",
    'weir.yaml:5:13: rules[2].name: rules[0] has the name "a" already; each rule needs a name of its own',
  ],
  [
    "a reserved rule name",
    "version: 1\nrules: [{ name: default, action: allow }]\n",
    'weir.yaml:2:17: rules[0].name: weir calls decisions of its own "default"; choose another name',
  ],
  [
    "a rule name with a space",
    "version: 1\nrules: [{ name: no telnet, action: allow }]\n",
    'weir.yaml:2:17: rules[0].name: the name "no telnet" has characters other than letters, digits and . _ : / -; did you mean no-telnet?',
  ],
  ["an empty rule name", 'version: 1\nrules: [{ name: "", action: allow }]\n', "weir.yaml:2:17: rules[0].name: the name is empty"],
  [
    "a rule name with an escape sequence",
    'version: 1\nrules: [{ name: "a\\u001b[2J", action: allow }]\n',
    'weir.yaml:2:17: rules[0].name: the name "a\\x1b[2J" has characters other than letters, digits and . _ : / -; did you mean a--2J?',
  ],
  [
    "a rule name of 65 characters",
    `version: 1\nrules: [{ name: ${"a".repeat(65)}, action: allow }]\n`,
    "weir.yaml:2:17: rules[0].name: the name is longer than 64 characters",
  ],
  [
    "a description with a direction mark",
    rule('description: "a\\u202eb"'),
    'weir.yaml:5:18: rules[0].description: the text "a\\u{202e}b" has characters that cannot be shown',
  ],
  [
    "several at once",
    'version: 1\nmod: detect\nrules:\n  - { name: a, action: blok, layer4: { protocol: tcp, destination_ports: [70000, "9-1"] } }\n  - { name: a, action: block, layer3: { source: [10.0.0.0/33] } }\n',
    'weir.yaml:2:1: mod: unknown key "mod"; did you mean mode?',
    'weir.yaml:4:24: rules[0].action: "blok" is not one of allow, block; did you mean block?',
    "weir.yaml:4:75: rules[0].layer4.destination_ports[0]: 70000 is outside 0 to 65535",
    'weir.yaml:4:82: rules[0].layer4.destination_ports[1]: the range "9-1" is reversed; did you mean 1-9?',
    'weir.yaml:5:13: rules[1].name: rules[0] has the name "a" already; each rule needs a name of its own',
    'weir.yaml:5:50: rules[1].layer3.source[0]: the prefix length 33 of "10.0.0.0/33" is above 32',
  ],
];
