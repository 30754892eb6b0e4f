import assert from "node:assert/strict";
import { test } from "node:test";
import { Refusal } from "../../agent/values/refusal.ts";
import { inFlag } from "../../agent/cli/rule-flags.ts";
import { ruleText } from "../../agent/policy/rule-text.ts";
import { ask } from "./raw-http.ts";
import { ruleRow, startFixture } from "./support.ts";

const ADD: [string, object][] = [
  [
    "--action block --src 10.0.0.0/8 --dst 192.0.2.1 --port 80 --proto tcp",
    {
      rule: {
        layer3: { source: ["10.0.0.0/8"], destination: ["192.0.2.1"] },
        layer4: { destination_ports: [80], protocol: "tcp" },
        action: "block",
      },
      place: "last",
    },
  ],
  [
    "--action allow --src 192.0.2.1,2001:db8::/32 --first --name mine",
    { rule: { layer3: { source: ["192.0.2.1", "2001:db8::/32"] }, action: "allow", name: "mine" }, place: "first" },
  ],
  [
    "--action block --enforce --proto udp --port 53,8000-8100 --sport 1024-65535 --direction egress --interface eth0,wg*",
    {
      rule: {
        layer4: { destination_ports: [53, "8000-8100"], source_ports: ["1024-65535"], protocol: "udp" },
        action: "block",
        direction: "egress",
        interfaces: ["eth0", "wg*"],
        enforce: true,
      },
      place: "last",
    },
  ],
  [
    "--action block --proto icmp --icmp echo-request,3/1 --before d7",
    {
      rule: { layer4: { protocol: "icmp", icmp: [{ type: "echo-request" }, { type: 3, code: 1 }] }, action: "block" },
      place: { before: "d7" },
    },
  ],
  [
    "--action block --proto 47 --for 10m --reason why",
    { rule: { layer4: { protocol: 47 }, action: "block" }, place: "last", for_s: 600, reason: "why" },
  ],
  [
    "--action block --proto tcp --flags syn,!ack --state new,invalid --longer-than 1h --shorter-than 2d",
    {
      rule: {
        layer4: {
          protocol: "tcp",
          flags: { set: ["syn"], unset: ["ack"] },
          state: ["new", "invalid"],
          connection_duration: { longer_than: "1h", shorter_than: "2d" },
        },
        action: "block",
      },
      place: "last",
    },
  ],
  [
    "--action block --proto tcp --not-src 10.0.0.0/8,::1 --not-port 22 --not-interface lo",
    {
      rule: {
        layer4: { protocol: "tcp" },
        not: { layer3: { source: ["10.0.0.0/8", "::1"] }, layer4: { destination_ports: [22] }, interfaces: ["lo"] },
        action: "block",
      },
      place: "last",
    },
  ],
  [
    "--action block --proto icmp --over-rate 20/s --burst 40 --by rule --per packet",
    {
      rule: { layer4: { protocol: "icmp", over_rate: { rate: "20/s", burst: 40, by: "rule", per: "packet" } }, action: "block" },
      place: "last",
    },
  ],
  [
    "--action block --schedule sat,sun_22:00-06:00",
    { rule: { schedule: [{ days: ["sat", "sun"], from: "22:00", to: "06:00" }], action: "block" }, place: "last" },
  ],
  ["--action block --schedule 08:00-18:00", { rule: { schedule: [{ from: "08:00", to: "18:00" }], action: "block" }, place: "last" }],
  ["--action block --schedule sat", { rule: { schedule: [{ days: ["sat"] }], action: "block" }, place: "last" }],
  [
    "--action block --connections-over 20 --connections-by rule",
    { rule: { layer4: { connections_over: { count: 20, by: "rule" } }, action: "block" }, place: "last" },
  ],
  ["--action block --vlan 10,100-199,none", { rule: { layer2: { vlan: [10, "100-199", "none"] }, action: "block" }, place: "last" }],
  ["--action block --dscp ef,46,cs6", { rule: { layer3: { dscp: ["ef", 46, "cs6"] }, action: "block" }, place: "last" }],
  ["--action block --until 2036-11-21T03:00Z --last", { rule: { action: "block" }, place: "last", until: Date.UTC(2036, 10, 21, 3) }],
];

test("flags become the rule that the file would hold", async () => {
  await using fixture = await startFixture();
  for (const [line, expected] of ADD) {
    const { code, stderr } = await fixture.weir(["rule", "add", ...line.split(" ").map((word) => word.replace("_", " "))], {
      env: { SSH_CONNECTION: "203.0.113.5 51234 198.51.100.2 22" },
    });
    assert.equal(code, 0, stderr);
    assert.deepEqual(fixture.agent.asked.at(-1), expected, line);
    assert.equal(fixture.agent.callers.at(-1)?.session?.address, "203.0.113.5", "the operator's connection goes along");
  }
});

test("the answer says what changed, and what a block rule still needs to drop", async () => {
  await using fixture = await startFixture();
  const add = (...words: string[]) => fixture.weir(["rule", "add", "--action", "block", ...words]);
  const added = await add();
  assert.equal(added.stdout, "Added: d1. 3 rules are in force (generation 8).\n");
  assert.match(added.stderr, /takes --enforce/);
  assert.match((await add("--enforce")).stderr, /mode is detect.*weir mode prevent/);
  fixture.agent.mode = "prevent";
  assert.equal((await add("--enforce")).stderr, "");
  fixture.agent.onRuleChange = (id) => ({
    generation: 9,
    loaded: 1,
    rules: [{ id, name: "web", uid: 0, added: "" }],
    warnings: ["layer3.source[0]: look\x1b[2J"],
  });
  const { stdout, stderr } = await fixture.weir(["rule", "delete", "d1", "d2"]);
  assert.equal(stdout, "Deleted: d1 (web). 1 rule is in force (generation 9).\n");
  assert.equal(stderr, "warning: --src: look\\x1b[2J\n");
  assert.deepEqual(
    JSON.parse((await fixture.weir(["rule", "move", "d1", "--before", "d3", "--json"])).stdout),
    fixture.agent.onRuleChange("d1"),
  );
  assert.deepEqual(fixture.agent.asked.slice(-2), [["d1", "d2"], { id: "d1", place: { before: "d3" } }]);
});

const WRONG: [string, RegExp][] = [
  ["add --src 10.0.0.1", /--action is missing/],
  ["add --action block --for soon", /--for takes a duration, as 90s, 15m, 2h or 7d, not "soon"/],
  ["add --action block --for 0s", /--for takes a duration/],
  ["add --action block --until tomorrow", /--until takes a time/],
  ["add --action block --for 1m --until 2036-11-21T03:00Z", /--for and --until do not go together/],
  ["add --action block --first --before d1", /--before and --first do not go together/],
  ["add --action block --scr 10.0.0.1", /no option --scr; did you mean --src\?/],
  ["add d1 --action block", /"d1" is one word too many/],
  ["delete", /an argument is missing: weir rule delete ID\.\.\./],
  ["move d1", /name the new place: --before ID, --first or --last/],
  ["show", /an argument is missing: weir rule show ID\|NAME/],
];

test("a wrong line is refused before anybody is asked", async () => {
  await using fixture = await startFixture();
  for (const [line, expected] of WRONG) {
    const { code, stderr } = await fixture.weir(["rule", ...line.split(" ")]);
    assert.equal(code, 2, line);
    assert.match(stderr, expected, line);
  }
  assert.deepEqual(fixture.agent.asked, []);
});

test("what is wrong with a key is said of its flag", async () => {
  for (const [problem, expected] of [
    ['layer3.source[0]: "10.0.0.0/33" has no such prefix', '--src: "10.0.0.0/33" has no such prefix'],
    [
      "layer4.destination_ports: destination_ports need the protocol tcp or udp, not icmp",
      "--port needs the protocol tcp or udp, not icmp",
    ],
    ["layer4.icmp: icmp needs the protocol icmp or icmpv6", "--icmp needs the protocol icmp or icmpv6"],
    ["not.layer4.destination_ports: destination_ports need the protocol tcp or udp", "--not-port needs the protocol tcp or udp"],
    ['layer4.icmp[1].code: "x" is not a code', '--icmp: "x" is not a code'],
    [
      'name: "x" is already that of a rule of the file; names are unique',
      '--name: "x" is already that of a rule of the file; names are unique',
    ],
    ['layer4.connection_duration.longer_than: "1" is not a duration', '--longer-than: "1" is not a duration'],
    ['layer4.flags.set[0]: "sin" is not one of syn', '--flags: "sin" is not one of syn'],
    ['layer4.over_rate: "rate" is missing', '--over-rate: "rate" is missing'],
    ["until: this time is over already", "--until: this time is over already"],
    ['one packet can meet the 9 conditional rules "a", "b"', 'one packet can meet the 9 conditional rules "a", "b"'],
  ] as const) {
    assert.equal(inFlag(problem), expected);
  }
  await using fixture = await startFixture();
  fixture.agent.onRuleChange = () => {
    throw new Refusal("The change is refused.", {
      kind: "invalid",
      next: "Mend it.",
      details: ['layer4.protocol: "tpc" is not a protocol; did you mean tcp?'],
    });
  };
  const { code, stderr } = await fixture.weir(["rule", "add", "--action", "block", "--proto", "tpc"]);
  assert.equal(code, 2);
  assert.match(stderr, /\n {2}--proto: "tpc" is not a protocol; did you mean tcp\?\nMend it\./);
});

test("rule list shows dynamic rules apart, and rule show all about one", async () => {
  await using fixture = await startFixture();
  const later = new Date(Date.now() + 90_500).toISOString();
  fixture.agent.rows.unshift({
    ...ruleRow("now"),
    id: "d4",
    source: "dynamic:d4",
    dynamic: { uid: 7, added: new Date(Date.now() - 60_000).toISOString(), expires: later, reason: "ticket 42" },
  });
  const { stdout } = await fixture.weir(["rule", "list"]);
  assert.match(
    stdout,
    /^Added by command, tried first:\n\nID +RULE.*ADDED +EXPIRES +REASON\nd4 +now +block, enforced .* 1 m \d s ago by uid 7 +in 1 m \d+ s +ticket 42\n\nOf the file:\n\nRULE.*SOURCE\nno-telnet-in/,
  );
  assert.deepEqual(JSON.parse((await fixture.weir(["rule", "list", "--json"])).stdout)[0], fixture.agent.rows[0]);
  const shown = (await fixture.weir(["rule", "show", "now"])).stdout;
  for (const line of [
    /rule +now \(d4\)/,
    /says +block, enforced: anything/,
    /added +by uid 7/,
    /reason +ticket 42/,
    /matched +12 flows, 1,234,567 packets/,
  ])
    assert.match(shown, line);
  assert.deepEqual(JSON.parse((await fixture.weir(["rule", "show", "now", "--json"])).stdout), fixture.agent.rule("now"));
  assert.equal((await fixture.weir(["rule", "show", "gone"])).code, 1);
});

test("rule list says when rules of the file end, and that they have", async () => {
  await using fixture = await startFixture();
  const from = (seconds: number): string => new Date(Date.now() + 1000 * seconds).toISOString();
  fixture.agent.rows.push({ ...ruleRow("soon"), expires: from(90.5) }, { ...ruleRow("past"), expires: from(-90.5) });
  const { stdout } = await fixture.weir(["rule", "list"]);
  for (const line of [/SOURCE +EXPIRES\n/, /no-telnet-in.* never\n/, /soon .* in 1 m \d+ s\n/, /past .* over for 1 m \d+ s\n/])
    assert.match(stdout, line);
});

test("clear asks first, and takes --yes for an answer", async () => {
  await using fixture = await startFixture();
  fixture.agent.rows.unshift({ ...ruleRow("d1"), dynamic: { uid: 0, added: "2026-11-21T03:00:00.000Z" } });
  const { code, stderr } = await fixture.weir(["rule", "clear"]);
  assert.deepEqual([code, fixture.agent.asked], [2, []]);
  assert.match(stderr, /use --yes to delete all dynamic rules/);
  assert.equal((await fixture.weir(["rule", "clear", "--yes"])).code, 0);
  assert.deepEqual(fixture.agent.asked, ["all"]);
});

test("a rule reads as a sentence", () => {
  const rule = { name: "x", action: "block", enforce: true, direction: "both" } as const;
  assert.equal(ruleText(rule), "block, enforced: anything");
  assert.equal(
    ruleText({
      ...rule,
      action: "allow",
      enforce: false,
      direction: "egress",
      interfaces: ["eth0"],
      layer3: { source: ["10.0.0.0/8"] },
      layer4: { protocol: 47 },
    }),
    "allow: 47 from 10.0.0.0/8, egress on eth0",
  );
  assert.equal(
    ruleText({
      ...rule,
      layer3: { destination: ["192.0.2.1"] },
      layer4: { protocol: "tcp", source_ports: ["1-9"], destination_ports: [80, 81], flags: { set: ["syn"], unset: ["ack"] } },
    }),
    "block, enforced: tcp with syn no ack from any port 1-9 to 192.0.2.1 port 80 81",
  );
  assert.equal(
    ruleText({ ...rule, layer4: { protocol: "icmp", icmp: [{ type: "echo-request", code: 0 }] } }),
    "block, enforced: icmp echo-request/0",
  );
  assert.equal(
    ruleText({
      ...rule,
      direction: "ingress",
      not: { interfaces: ["lo"], layer3: { source: ["10.0.0.0/8"] }, layer4: { protocol: "tcp", destination_ports: [22] } },
    }),
    "block, enforced: anything, ingress, but not tcp from 10.0.0.0/8 to any port 22 on lo",
  );
});

const MISSHAPEN: [string, string, unknown, RegExp][] = [
  ["POST", "/v1/rules", {}, /There is no "rule" in the request/],
  ["POST", "/v1/rules", { rule: [] }, /"rule" takes an object, not an empty list/],
  [
    "POST",
    "/v1/rules",
    { rule: { action: "block" }, place: "middle" },
    /"place" takes "first", "last", or before another of the rules .*, not "middle"/,
  ],
  ["POST", "/v1/rules", { rule: { action: "block" }, place: { before: 1 } }, /"place.before" takes text, not 1/],
  ["POST", "/v1/rules", { rule: { action: "block" }, for_s: "1m" }, /"for_s" takes a whole number from 1 to 315360000, not "1m"/],
  ["POST", "/v1/rules", { rule: { action: "block" }, for_s: 1e12 }, /"for_s" takes/],
  ["POST", "/v1/rules", { rule: { action: "block" }, until: "tomorrow" }, /"until" takes a whole number/],
  ["POST", "/v1/rules", { rule: { action: "block" }, for_s: 1, until: 1 }, /"for_s" and "until" do not go together/],
  ["POST", "/v1/rules", { rule: { action: "block" }, reason: "a\u202eb" }, /"reason" does not fit: .* cannot be shown/],
  ["POST", "/v1/rules", { rule: { action: "block" }, enforce: true }, /There is no "enforce" in the request/],
  ["DELETE", "/v1/rules", {}, /There is no "ids" in the request: a list of ids .*, or "all"/],
  ["DELETE", "/v1/rules", { ids: [] }, /"ids" takes a list of ids .*, or "all", not an empty list/],
  ["DELETE", "/v1/rules", { ids: "d1" }, /"ids" takes a list of ids .*, or "all", not "d1"/],
  ["PUT", "/v1/rules/place", { place: "first" }, /There is no "id" in the request/],
  ["PUT", "/v1/rules/place", { id: "d1" }, /There is no "place" in the request/],
  ["GET", "/v1/rules/one?id=d1", undefined, /There is no "which" in the request/],
];

test("a request about rules that is not meant exactly so changes nothing, and says what to send", async () => {
  await using fixture = await startFixture();
  for (const [method, path, body, expected] of MISSHAPEN) {
    const answer = await ask(fixture.path, method, path, body === undefined ? undefined : JSON.stringify(body));
    const { error } = answer.json();
    assert.deepEqual(
      [answer.status, expected.test(error.what), error.next.length > 0],
      [400, true, true],
      `${path} ${JSON.stringify(body)}: ${error.what}`,
    );
  }
  assert.deepEqual(fixture.agent.asked, []);
});
