/** The options of commands that ask for rows are those of the requests that they send. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { type Command, helpOf, parseCall, UsageError } from "../../agent/cli/arguments.ts";
import { COMMANDS } from "../../agent/cli/command-table.ts";
import { saidOf } from "../../agent/cli/request-options.ts";
import { type Operation, REQUESTS } from "../../agent/service/requests/requests.ts";
import { judged } from "../../agent/service/requests/judge.ts";
import type { Schema } from "../../agent/values/json-schema.ts";

const ASKING: Record<string, Operation> = {
  flows: "flows",
  sockets: "sockets",
  drops: "drops",
  stats: "statistics",
  top: "top",
  watch: "watch",
};

async function commandOf(name: string): Promise<Command> {
  return (await COMMANDS[name]!.load()).command;
}

test("each key of a request is an option, and the help tells its words and its default", async () => {
  for (const [name, operation] of Object.entries(ASKING)) {
    const command = await commandOf(name);
    const help = helpOf(command).replaceAll(/\s+/g, " ");
    const { properties = {} }: Schema = REQUESTS[operation];
    for (const [key, { description, type, enum: words = [], default: usual }] of Object.entries(properties)) {
      assert.ok(Object.hasOwn(command.options, key), `weir ${name} --${key}`);
      const shown = [description!, ...words, ...(type === "boolean" || usual === undefined ? [] : [`(${String(usual)})`])];
      for (const text of shown) assert.ok(help.includes(text), `weir ${name} --help: ${text}`);
    }
  }
});

test("a line becomes a request that the agent accepts, and a value that it would refuse is refused at once", async () => {
  const said = async (...line: string[]): Promise<unknown> => saidOf(parseCall(await commandOf("drops"), line), REQUESTS.drops.properties);
  const line = ["--by", "TC", "--port", "0", "--direction", "Ingress", "--all", "--limit", "10000"];
  const request = await said(...line);
  assert.deepEqual(request, { by: "tc", direction: "ingress", port: 0, all: true, limit: 10_000 });
  assert.deepEqual(judged("drops", request), { by: "tc", direction: "ingress", port: 0, all: true, hash: false, limit: 10_000 });
  for (const [wrong, what] of [
    [["--by", "tx"], /--by is one of netfilter, tc, .*, not "tx"; did you mean tc\?/],
    [["--direction", "in"], /--direction is one of ingress, egress, not "in"; did you mean ingress\?/],
    [["--port", "65536"], /--port takes a whole number from 0 to 65535, not "65536"/],
    [["--limit", "10001"], /--limit takes a whole number from 1 to 10000, not "10001"/],
    [["--limit", "0x10"], /--limit takes a whole number/],
  ] as const) {
    await assert.rejects(said(...wrong), (error) => error instanceof UsageError && what.test(error.message), wrong.join(" "));
  }
});
