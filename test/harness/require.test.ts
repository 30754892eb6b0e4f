import assert from "node:assert/strict";
import { test } from "node:test";
import { requires, tool } from "./require.ts";

test("a missing part is skipped with its reasons, unless everything is required", (context) => {
  context.mock.method(console, "error", () => {});
  const before = process.env["WEIR_REQUIRE"];
  context.after(() => (before === undefined ? delete process.env["WEIR_REQUIRE"] : (process.env["WEIR_REQUIRE"] = before)));

  delete process.env["WEIR_REQUIRE"];
  assert.deepEqual(requires(undefined, tool("sh", "dash")), { skip: false });
  assert.deepEqual(requires(undefined, tool("no-such-command", "no-such-package"), "no luck"), {
    skip: "no-such-command is not installed (apt-get install no-such-package); no luck",
  });
  process.env["WEIR_REQUIRE"] = "all";
  assert.deepEqual(requires(undefined), { skip: false });
  assert.throws(() => requires("no luck"), /WEIR_REQUIRE=all, but no luck/);
});
