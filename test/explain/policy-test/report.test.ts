import assert from "node:assert/strict";
import { test } from "node:test";

import { escapeXml, junit } from "../../../agent/explain/policy-test/junit.ts";
import type { Report } from "../../../agent/explain/policy-test/run.ts";
import { tap } from "../../../agent/explain/policy-test/tap.ts";
import { parseXml } from "./xml.ts";

const NASTY = `"quoted" & <b>'bold'</b> ]]> #1 \\ \u0000\u001b[31m\ud800\uffff é 😀`;
const REPORT: Report = {
  cases: [
    { name: "fine", where: "a.test.yaml:3", ok: true, got: "allow by default", reasons: [] },
    { name: NASTY, where: "c:d.test.yaml:12", ok: false, got: "allow", reasons: [`first ${NASTY}`, "second\tline"] },
  ],
  failed: 1,
  unreached: [{ name: "old", action: "allow", enforce: false, source: "weir.yaml:9" }],
  kernelJudged: 0,
  kernelSkipped: ["this needs root"],
};

test("JUnit is XML, whatever names and messages hold", () => {
  const root = parseXml(junit(`suite ${NASTY}`, REPORT));
  const shown = NASTY.replace("\u0000", "\ufffd").replace("\u001b", "\ufffd").replace("\ud800", "\ufffd").replace("\uffff", "\ufffd");
  assert.deepEqual([root.name, root.attributes], ["testsuites", { tests: "2", failures: "1", errors: "0", skipped: "0" }]);
  const [suite] = root.children;
  assert.equal(suite!.attributes["name"], `suite ${shown}`);
  const [properties, fine, failed] = suite!.children;
  assert.deepEqual(properties!.children[0]!.attributes, { name: "rules no case reached", value: "old" });
  assert.deepEqual(fine!.attributes, { name: "fine", classname: `suite ${shown}`, file: "a.test.yaml", line: "3" });
  assert.equal(fine!.children.length, 0);
  assert.deepEqual([failed!.attributes["name"], failed!.attributes["file"], failed!.attributes["line"]], [shown, "c:d.test.yaml", "12"]);
  const [failure] = failed!.children;
  assert.equal(failure!.attributes["message"], `first ${shown}`);
  assert.equal(failure!.text, `first ${shown}\nsecond\tline`);
});

test("every character is held by XML, or replaced", () => {
  const all = Array.from({ length: 0x10000 }, (_, code) => String.fromCharCode(code)).join(" ");
  const { text } = parseXml(`<x>${escapeXml(all)}</x>`);
  assert.equal(text.length, all.length);
  assert.ok(text.startsWith("\ufffd") && text.includes(" A "), "the rest is as it was");
});

test("TAP has a plan, a line a case, and a block for what failed", () => {
  const lines = tap({ ...REPORT, cases: REPORT.cases.map((one) => ({ ...one, name: one.name.slice(0, 40).replaceAll(/[^ -~]/g, "") })) });
  assert.deepEqual(lines.slice(0, 3), ["TAP version 14", "1..2", "ok 1 - fine"]);
  assert.match(lines[3]!, /^not ok 2 - "quoted" & <b>'bold'<\/b> \]\]> \\#1 \\\\/);
  assert.equal(lines[4], "  ---");
  assert.equal(lines[5], '  at: "c:d.test.yaml:12"');
  assert.equal((JSON.parse(lines[6]!.slice("  message: ".length)) as string).split("\n")[1], "second\tline");
  assert.equal(lines[7], "  ...");
  assert.deepEqual(lines.slice(8), ["# no case reached the rule old (weir.yaml:9)", "# the kernel was not asked: this needs root"]);
});
