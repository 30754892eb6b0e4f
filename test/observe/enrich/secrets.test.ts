/** Command lines as people write them. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { maskArguments } from "../../../agent/observe/enrich/secrets.ts";

const RANDOM = "9f8e7d6c5b4a39281706f5e4d3c2b1a0";

const LINES: Record<string, string[][]> = {
  "a flag and its value, in one argument or two": [
    ["app", "--password", "hunter2", "--verbose"],
    ["app", "--password", "***", "--verbose"],
    ["app", "--db-password=hunter2"],
    ["app", "--db-password=***"],
    ["app", "-token", "-abc"],
    ["app", "-token", "***"],
    ["app", "--api_key", "hunter2"],
    ["app", "--api_key", "***"],
  ],
  "what looks like an assignment, wherever it stands": [
    ["env", "DB_PASSWORD=hunter2", "USER=ann"],
    ["env", "DB_PASSWORD=***", "USER=ann"],
    ["sh", "-c", "PGPASSWORD='hun ter2' psql -h db"],
    ["sh", "-c", "PGPASSWORD=*** psql -h db"],
    ["curl", "-d", '{"secret": "hunter2", "name": "ann"}'],
    ["curl", "-d", '{"secret": ***, "name": "ann"}'],
    ["curl", "http://x/?api_key=hunter2&page=2"],
    ["curl", "http://x/?api_key=***&page=2"],
  ],
  headers: [
    ["curl", "-H", "Authorization: Bearer hunter2"],
    ["curl", "-H", "Authorization: ***"],
    ["wget", "--header=Cookie: a=1; b=2"],
    ["wget", "--header=Cookie: ***"],
    ["curl", "-H", "X-Auth-Token: hunter2"],
    ["curl", "-H", "X-Auth-Token: ***"],
  ],
  "users with passwords": [
    ["curl", "-u", "ann:hunter2", "http://x/"],
    ["curl", "-u", "ann:***", "http://x/"],
    ["curl", "-uann:hunter2"],
    ["curl", "-uann:***"],
    ["git", "clone", "https://ann:hunter2@x/y.git"],
    ["git", "clone", "https://ann:***@x/y.git"],
    ["psql", "postgres://ann:hunter2@db:5432/shop"],
    ["psql", "postgres://ann:***@db:5432/shop"],
  ],
  "letters of programs that mean one": [
    ["/usr/bin/mysql", "-uroot", "-phunter2", "shop"],
    ["/usr/bin/mysql", "-uroot", "-p***", "shop"],
    ["mysql", "-p", "shop"],
    ["mysql", "-p", "shop"],
    ["sshpass", "-p", "hunter2", "ssh", "x"],
    ["sshpass", "-p", "***", "ssh", "x"],
  ],
  keys: [
    ["app", RANDOM],
    ["app", "***"],
    ["app", "AKIAIOSFODNN7EXAMPLE"],
    ["app", "***"],
    ["app", "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln"],
    ["app", "***"],
  ],
  "nothing else": [
    ["/usr/sbin/nginx", "-g", "daemon off;", "-p", "/etc/nginx"],
    ["/usr/sbin/nginx", "-g", "daemon off;", "-p", "/etc/nginx"],
    ["ping", "-c1", "198.18.0.2"],
    ["ping", "-c1", "198.18.0.2"],
    ["ssh", "-p", "2222", "ann@host.example"],
    ["ssh", "-p", "2222", "ann@host.example"],
    ["java", "-Xmx512m", "-jar", "/opt/some/quite/long/path/with/a/number/12345/application.jar"],
    ["java", "-Xmx512m", "-jar", "/opt/some/quite/long/path/with/a/number/12345/application.jar"],
  ],
};

for (const [what, lines] of Object.entries(LINES)) {
  test(`masked in arguments: ${what}`, () => {
    for (let at = 0; at < lines.length; at += 2) assert.deepEqual(maskArguments(lines[at]!), lines[at + 1]);
  });
}

test("the longest arguments of a hostile program are masked in no time", () => {
  for (const piece of ["a", "password", "a:", "\t", "'", "-", "ey", "a://"])
    assert.equal(maskArguments(["x", piece.repeat(512).slice(0, 512)]).length, 2);
});
