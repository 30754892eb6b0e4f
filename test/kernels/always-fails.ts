/** Shows that a failure in the guest is seen outside. */

import { test } from "node:test";

test("a test that fails", () => {
  throw new Error("as it should");
});
