import assert from "node:assert/strict";
import { test } from "node:test";
import { extend, GENESIS, LINE_LIMIT, openSeal } from "../../audit/chain.ts";
import { actionText, eventText, field, parseRecord } from "../../audit/record.ts";
import { event } from "./fixture.ts";

const HOSTILE = [
  "x\n2026-11-21T03:00:00.123Z #7 MODE uid=0 from=prevent to=detect ~00000000000000000000000000000000",
  "\r\u001b[2K\u001b[1Ainvisible",
  "line\u2028separator\u2029paragraph\u0085next",
  "right\u202eto\u202cleft \u200b \ufeff",
  "tcp 1.2.3.4:1 > 5.6.7.8:2",
  "(would drop) ~9f2c1a00000000000000000000000000",
  'quote " and \\" backslash \\',
  "lone \ud800 surrogate and \u{1f600}",
  "\0",
  "",
];

function lineOf(text: string): string {
  return extend(GENESIS, { time: Date.UTC(2026, 10, 21, 3, 0, 0, 123), text }).line;
}

test("a detection reads like a sentence", () => {
  assert.equal(eventText(event()), "DETECTED no-telnet-in tcp 198.18.0.1:40000 > 198.18.0.2:23 eth0 in pid=812 telnet (would drop)");
  assert.match(lineOf(eventText(event())), /^2026-11-21T03:00:00\.123Z #1 DETECTED .* \(would drop\) ~[0-9a-f]{32}$/);
});

test("IPv6 addresses stand in brackets, with and without a port", () => {
  const source = { address: "2001:db8::1" };
  const destination = { address: "2001:db8::2", port: 443 };
  assert.match(eventText(event({ source, destination })), / tcp \[2001:db8::1\] > \[2001:db8::2\]:443 eth0 /);
});

test("an ICMP message, tags, a tunnel and a reason are told", () => {
  const { process: _, ...rest } = event({
    type: "UNDECIDED",
    would_drop: false,
    direction: "egress",
    protocol: "icmp",
    source: { address: "10.0.0.1" },
    destination: { address: "10.0.0.2" },
    icmp: { type: 8, code: 0 },
    vlan: [10, 20],
    tunnel: { kind: "vxlan", id: 42 },
    reason: "fragment_tiny",
  });
  assert.equal(
    eventText(rest),
    "UNDECIDED no-telnet-in icmp 10.0.0.1 > 10.0.0.2 eth0 out type=8 code=0 vlan=10,20 tunnel=vxlan:42 reason=fragment_tiny",
  );
});

test("the ends behind address translation are told", () => {
  const nat = { source: { address: "172.17.0.2", port: 40000 }, destination: { address: "2001:db8::2", port: 23 } };
  assert.match(eventText(event({ nat })), / eth0 in nat=172\.17\.0\.2:40000>\[2001:db8::2\]:23 pid=/);
});

test("a process that calls itself something else than the file it runs is shown with that file", () => {
  const disguised = event({ process: { pid: 9, name: "sshd", executable: "/tmp/.x/miner", uid: 33 } });
  assert.match(eventText(disguised), /pid=9 sshd executable=\/tmp\/\.x\/miner /);
  const ancestors = [
    { pid: 8, name: "ba sh" },
    { pid: 7, name: "cron" },
  ];
  assert.match(
    eventText(event({ process: { pid: 9, name: "curl", uid: 33, user: "www-data", arguments: ["curl", "x"], ancestors } })),
    /pid=9 curl user=www-data by="ba sh" /,
  );
  const long = event({ process: { pid: 9, name: "very-long-progr", executable: "/bin/very-long-program", uid: 33 } });
  assert.doesNotMatch(eventText(long), /executable/);
});

test("a container is told by the first letters of its identifier and its name, a pod by its name or UID", () => {
  const id = "3f2a1bc4d5e6f708192a3b4c5d6e7f8091a2b3c4d5e6f708192a3b4c5d6e7f80";
  const pod = { uid: "74c13223-5a00-11e9-b385-42010a80018d" };
  assert.match(eventText(event({ container: { id, runtime: "docker" } })), / pid=812 telnet container=3f2a1bc4d5e6 \(would drop\)$/);
  assert.match(
    eventText(event({ container: { id, name: "web" }, pod })),
    / container=3f2a1bc4d5e6\/web pod=74c13223-5a00-11e9-b385-42010a80018d /,
  );
  assert.match(eventText(event({ pod: { ...pod, name: "web-0", namespace: "shop" } })), / telnet pod=shop\/web-0 /);
  assert.match(
    eventText(event({ container: { id: "a-long-name-1", name: "a-long-name-1", runtime: "lxc" } })),
    / container=a-long-name-1 /,
  );
  assert.match(eventText(event({ unit: "user@1000.service/a b.scope" })), / unit="user@1000.service\/a b.scope" /);
});

test("an operator's action names who and what", () => {
  const text = actionText({ action: "RELOAD-FAILED", uid: 1000, detail: { file: "/etc/weir/weir.yaml", error: "12:3: no such key" } });
  assert.equal(text, 'RELOAD-FAILED uid=1000 file=/etc/weir/weir.yaml error="12:3: no such key"');
  assert.equal(actionText({ action: "STOP" }), "STOP");
});

test("no name can start a second line, colour a terminal or imitate another field", () => {
  for (const name of HOSTILE) {
    const rule = { name, action: "block", enforce: true, source: "weir.yaml:1" } as const;
    const texts = [
      eventText(
        event({
          rule,
          interface: name,
          reason: name,
          process: { pid: 1, name, executable: `/tmp/${name}`, uid: 0 },
          container: { id: name, name: `${name}!` },
          pod: { uid: name, name, namespace: name },
          unit: name,
        }),
      ),
      actionText({ action: "RELOAD", uid: 0, detail: { file: name, error: name } }),
    ];
    for (const text of texts) {
      const line = lineOf(text);
      assert.match(line, /^[\x20-\x7e]+$/, "only printable ASCII");
      assert.equal(parseRecord(line)?.sequence, 1);
      assert.equal(line.replace(/"(?:[^"\\]|\\.)*"/g, "").match(/ ~/g)?.length, 1, "one hash outside of quotes");
    }
    assert.equal(parseRecord(lineOf(texts[0]!))?.type, "DETECTED");
    assert.equal(parseRecord(lineOf(texts[1]!))?.type, "RELOAD");
  }
});

test("the name of a rule is read back as it was", () => {
  for (const name of ["no-telnet-in", "two words", "caf\u00e9 \u{1f600}", ...HOSTILE]) {
    const rule = { name, action: "block", enforce: false, source: "weir.yaml:1" } as const;
    const record = parseRecord(lineOf(eventText(event({ rule }))));
    if (field(name).endsWith("...")) assert.ok(name.startsWith(record!.rule!));
    else assert.equal(record!.rule, name);
  }
});

test("a line stays within its bound whatever is put into it", () => {
  const huge = "\u{10ffff}\n".repeat(100_000);
  const rule = { name: huge, action: "block", enforce: true, source: "" } as const;
  const process = { pid: 1, name: huge, executable: huge, uid: 0 };
  assert.ok(
    lineOf(
      eventText(
        event({ rule, interface: huge, reason: huge, process, container: { id: huge, name: huge }, pod: { uid: huge }, unit: huge }),
      ),
    ).length < LINE_LIMIT,
  );
  const detail = Object.fromEntries(Array.from({ length: 200 }, (_, i) => [`key${i}`, huge]));
  const text = actionText({ action: "REFUSED", uid: 0, detail });
  assert.ok(lineOf(text).length < LINE_LIMIT);
  assert.ok(text.endsWith(" ..."), "what was left out is marked");
  assert.match(field("a".repeat(200)), /^"a{128}"\.\.\.$/);
});

test("what is not a line of the log is not read as one", () => {
  const line = lineOf(eventText(event()));
  for (const wrong of ["", "hello", line.slice(0, -1), line.slice(1, 10), `${line} `, line.replace("~", "-"), line.replace("#1", "#x")]) {
    assert.equal(openSeal(wrong), null, wrong);
  }
  assert.notEqual(openSeal(line), null);
});

test("a time that no calendar has does not stop the log", () => {
  assert.match(extend(GENESIS, { time: NaN, text: "STOP" }).line, /^1970-01-01T00:00:00\.000Z #1 STOP ~/);
});
