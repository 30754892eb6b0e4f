import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { Refusal } from "../../agent/values/refusal.ts";
import { type ControlServer, startControlServer } from "../../agent/api/server.ts";
import { claimSocket } from "../../agent/api/socket.ts";
import { peerOf } from "../../agent/kernel/sockets.ts";
import { ask } from "./raw-http.ts";
import { FakeAgent } from "./support.ts";

function scratch(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), "weir-socket-"));
  t.after(() => rmSync(folder, { recursive: true }));
  return folder;
}

function serve(path: string): Promise<ControlServer> {
  return startControlServer({ path, control: new FakeAgent().control, peerOf, onRefused() {}, onShut() {} });
}

async function refusal(path: string): Promise<Refusal> {
  const error: unknown = await serve(path).then(
    (server) => server.close(),
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof Refusal, `${path} is refused`);
  assert.ok(error.next.length > 0);
  return error;
}

test("others can knock on the socket and see nothing beside it, and nothing is left of it", async (t) => {
  const folder = join(scratch(t), "run", "weir");
  const path = join(folder, "control.sock");
  const server = await serve(path);
  assert.equal(statSync(folder).mode & 0o777, 0o711);
  assert.equal(statSync(path).mode & 0o777, 0o666);
  assert.equal(statSync(`${path}.lock`).mode & 0o777, 0o600);
  assert.equal((await ask(path, "GET", "/v1/status")).status, 200);
  await server.close();
  assert.ok(!existsSync(folder));
  assert.ok(existsSync(join(folder, "..")), "only what it made for itself goes with it");
});

test("a second agent is refused with the pid of the first, which goes on", async (t) => {
  const path = join(scratch(t), "control.sock");
  const first = await serve(path);
  const { message } = await refusal(path);
  assert.match(message, new RegExp(`already running \\(pid ${process.pid}\\)`));
  assert.equal((await ask(path, "GET", "/v1/status")).status, 200);
  await first.close();
});

test("a claim keeps others out before there is a socket, and ends with its release", async (t) => {
  const path = join(scratch(t), "control.sock");
  const claim = await claimSocket(path);
  assert.match((await refusal(path)).message, /already running/);
  await claim.release();
  await (await serve(path)).close();
});

test("an agent that lost its lock file is not pushed aside", async (t) => {
  const path = join(scratch(t), "control.sock");
  const first = await serve(path);
  rmSync(`${path}.lock`);
  assert.match((await refusal(path)).message, new RegExp(`already running \\(pid ${process.pid}\\)`));
  await first.close();
});

test("of many agents that start at once over a stale socket exactly one runs", async (t) => {
  const path = join(scratch(t), "control.sock");
  await leaveStaleSocket(path);
  const started = await Promise.allSettled(Array.from({ length: 8 }, () => serve(path)));
  const servers = started.flatMap((outcome) => (outcome.status === "fulfilled" ? [outcome.value] : []));
  const answered = (await ask(path, "GET", "/v1/status")).status;
  for (const server of servers) await server.close();
  assert.equal(servers.length, 1);
  assert.equal(answered, 200);
});

test("the socket of an agent that was killed is taken over", async (t) => {
  const path = join(scratch(t), "control.sock");
  await leaveStaleSocket(path);
  assert.ok(lstatSync(path).isSocket());
  const server = await serve(path);
  assert.equal((await ask(path, "GET", "/v1/status")).status, 200);
  await server.close();
});

test("a planted symbolic link is refused and what it leads to stays as it is", async (t) => {
  const folder = scratch(t);
  const treasure = join(folder, "treasure");
  writeFileSync(treasure, "precious");
  const path = join(folder, "control.sock");
  symlinkSync(treasure, path);
  assert.match((await refusal(path)).message, /symbolic link/);
  assert.equal(readFileSync(treasure, "utf8"), "precious");

  const dangling = join(folder, "dangling.sock");
  symlinkSync(join(folder, "nowhere"), dangling);
  assert.match((await refusal(dangling)).message, /symbolic link/);
  assert.ok(!existsSync(join(folder, "nowhere")));
});

test("a folder that is a symbolic link, or that others can write to, is refused", async (t) => {
  const folder = scratch(t);
  mkdirSync(join(folder, "real"));
  symlinkSync(join(folder, "real"), join(folder, "link"));
  assert.match((await refusal(join(folder, "link", "control.sock"))).message, /symbolic link/);
  assert.deepEqual(readdirSync(join(folder, "real")), []);
  mkdirSync(join(folder, "open"));
  chmodSync(join(folder, "open"), 0o777);
  assert.match((await refusal(join(folder, "open", "control.sock"))).message, /writable by others/);
  const server = await serve(join(folder, "real", "control.sock"));
  await server.close();
});

test("a file in the place of the socket is refused and kept", async (t) => {
  const path = join(scratch(t), "control.sock");
  writeFileSync(path, "notes");
  const { message, next } = await refusal(path);
  assert.match(message, /not a socket/);
  assert.match(next, /Choose another control_socket/);
  assert.doesNotMatch(message + next, /\brm\b|remove|delete/, "nobody is told to delete what may be theirs");
  assert.equal(readFileSync(path, "utf8"), "notes");
});

test("a path that does not fit into a socket's address is refused with the limit", async (t) => {
  assert.match((await refusal(join(scratch(t), "x".repeat(110)))).message, /107 bytes/);
});

async function leaveStaleSocket(path: string): Promise<void> {
  const script = `require("node:net").createServer().listen(${JSON.stringify(path)}, () => console.log("listening"))`;
  const child = spawn(process.execPath, ["-e", script], { stdio: ["ignore", "pipe", "inherit"] });
  await once(child.stdout, "data");
  child.kill("SIGKILL");
  await once(child, "close");
}
