/** How an agent tells the kernel what becomes of what is in force, and that nothing keeps it from letting go. */

import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";

import { Farewell } from "../../agent/daemon/farewell.ts";

const UNIT = "weir.service";

describe("an agent that is told to stop", () => {
  const folder = mkdtempSync(join(tmpdir(), "weir-farewell-"));
  const path = process.env["PATH"];

  before(() => {
    writeFileSync(join(folder, "systemctl"), `#!/bin/sh\nsleep 0.1\necho '4711 ${UNIT} restart running'\n`, { mode: 0o755 });
    process.env["PATH"] = `${folder}:${path}`;
  });
  after(() => {
    process.env["PATH"] = path;
    rmSync(folder, { recursive: true });
  });

  function begin(release: (seconds: number) => void = () => {}): {
    farewell: Farewell;
    end(): void;
    insist(): void;
    released: (number | "others")[];
  } {
    const released: (number | "others")[] = [];
    const [ended, insisted] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const plane = {
      control: {
        releaseAfter(seconds: number) {
          release(seconds);
          released.push(seconds);
        },
        holdForEver: () => {},
      },
      releaseOthers: () => void released.push("others"),
    };
    const farewell = new Farewell(
      plane,
      { ended: ended.promise, insisted: insisted.promise },
      { onStop: "hand-over", unit: UNIT, handOverFor: 120 },
      { info: () => {}, warn: () => {} },
    );
    return { farewell, end: ended.resolve, insist: insisted.resolve, released };
  }

  it("hands over where systemd will start it again", async () => {
    const { farewell, end, released } = begin();
    end();
    await farewell.said;
    assert.deepEqual(released, [120]);
    assert.ok(farewell.until);
  });

  it("lets go at a second signal, also while systemd is still asked", async () => {
    const { farewell, end, insist, released } = begin();
    end();
    insist();
    await farewell.said;
    assert.deepEqual([released.at(-2), released.at(-1)], [0, "others"]);
    assert.equal(farewell.until, undefined);
  });

  it("lets go at a second signal after it has handed over, and not any more once that is over", async () => {
    const { farewell, end, insist, released } = begin();
    end();
    await farewell.said;
    insist();
    await Promise.resolve();
    assert.deepEqual(released, [120, 0, "others"]);
    assert.equal(farewell.until, undefined);

    const late = begin();
    late.end();
    await late.farewell.said;
    const until = late.farewell.finish();
    late.insist();
    await Promise.resolve();
    assert.deepEqual([late.released, late.farewell.until], [[120], until]);
  });

  it("goes on with the stop where the kernel takes no deadline, and hands nothing over", async () => {
    const { farewell, end, released } = begin((seconds) => {
      if (seconds > 0) throw new Error("no");
    });
    end();
    await farewell.said;
    assert.deepEqual(released, [0, "others"]);
    assert.equal(farewell.until, undefined);

    const deaf = begin(() => {
      throw new Error("no");
    });
    deaf.end();
    await deaf.farewell.said;
    assert.equal(deaf.farewell.until, undefined);
  });
});
