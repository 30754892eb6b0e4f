/** A runtime's socket that answers as Docker and Podman do, and others that are slow, broken or hostile. */

import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type RequestListener } from "node:http";
import { createServer as createBareServer, type Server, type Socket } from "node:net";
import { once } from "node:events";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";

import { runtimeSocket } from "../../../agent/observe/enrich/runtime-socket.ts";

const ID = "c".repeat(64);
const OTHER = "d".repeat(64);

async function serve(t: TestContext, server: Server): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), "weir-runtime-"));
  const path = join(folder, "runtime.sock");
  const sockets = new Set<Socket>();
  server.on("connection", (socket) => sockets.add(socket.on("error", () => {})));
  server.listen(path);
  await once(server, "listening");
  t.after(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
    rmSync(folder, { recursive: true });
  });
  return path;
}

const http = (t: TestContext, listener: RequestListener): Promise<string> => serve(t, createServer(listener));
const never = (): AbortSignal => new AbortController().signal;

test("one container is asked for by its identifier, running or not, and named with its image and well-known labels", async (t) => {
  const asked: string[] = [];
  const path = await http(t, ({ url }, answer) => {
    asked.push(decodeURIComponent(url!));
    answer.end(
      JSON.stringify([
        {
          Id: ID,
          Names: ["/other/alias", "/web-1"],
          Image: "registry:5000/nginx:1.27",
          State: "running",
          Labels: {
            "com.docker.compose.project": "shop",
            "com.docker.compose.service": "web",
            "traefik.http.middlewares.auth.basicauth.users": "admin:secret",
          },
        },
      ]),
    );
  });
  assert.deepEqual(
    [...(await runtimeSocket(path).ask(ID, never()))],
    [
      [
        ID,
        {
          container: {
            name: "web-1",
            image: "registry:5000/nginx:1.27",
            labels: { "com.docker.compose.project": "shop", "com.docker.compose.service": "web" },
          },
        },
      ],
    ],
  );
  assert.deepEqual(asked, [`/containers/json?all=true&filters={"id":["${ID}"]}`]);
});

test("all that run are asked for without one", async (t) => {
  const path = await http(t, ({ url }, answer) =>
    answer.end(
      url === "/containers/json"
        ? JSON.stringify([
            { Id: ID, Names: ["web"] },
            { Id: OTHER, Labels: null },
          ])
        : "[]",
    ),
  );
  assert.deepEqual(
    [...(await runtimeSocket(path).ask(undefined, never()))],
    [
      [ID, { container: { name: "web" } }],
      [OTHER, { container: {} }],
    ],
  );
});

test("what does not look like a container's name, image or label is left out", async (t) => {
  const long = "x".repeat(257);
  const items = [
    null,
    7,
    "web",
    [],
    { Id: 7 },
    { Id: "short", Names: ["/short"] },
    { Id: `${ID}\n`, Names: ["/x"] },
    {
      Id: ID,
      Names: ["/\u001b[2Jx", `/${long}`, "", 7, "/a b"],
      Image: "a\nb",
      Labels: { "com.docker.compose.project": long, "com.docker.compose.service": 7 },
    },
    { Id: OTHER, Names: "web", Image: {}, Labels: "x", __proto__: { name: "x" } },
  ];
  const path = await http(t, (_, answer) => answer.end(JSON.stringify(items)));
  assert.deepEqual(
    [...(await runtimeSocket(path).ask(undefined, never()))],
    [
      [ID, { container: {} }],
      [OTHER, { container: {} }],
    ],
  );
});

for (const [what, listener, why] of [
  ["another status", (_, answer) => answer.writeHead(500).end("[]"), /status 500/],
  ["what is no JSON", (_, answer) => answer.end("<html>"), SyntaxError],
  [
    "an answer without an end",
    (_, answer) => {
      const more = (): void => void (answer.destroyed || answer.write(" ".repeat(65_536), () => setImmediate(more)));
      more();
    },
    /the answer is too long/,
  ],
  [
    "an answer that breaks off",
    (_, answer) => answer.writeHead(200, { "content-length": 100 }).write("[", () => answer.destroy()),
    /aborted|ECONNRESET/,
  ],
  ["brackets without an end", (_, answer) => answer.end("[".repeat(1 << 20)), Error],
] as const satisfies [string, RequestListener, object][]) {
  test(`${what} is no answer`, async (t) => {
    await assert.rejects(runtimeSocket(await http(t, listener)).ask(ID, never()), why);
  });
}

test("another language than HTTP is no answer", async (t) => {
  const path = await serve(
    t,
    createBareServer((socket) => socket.end("SSH-2.0-OpenSSH_9.2\r\n")),
  );
  await assert.rejects(runtimeSocket(path).ask(ID, never()), /Parse Error/);
});

test("who never answers is given up", async (t) => {
  const path = await http(t, () => {});
  await assert.rejects(runtimeSocket(path).ask(ID, never()), { name: "AbortError" });
});

test("who answers a byte now and then is given up, too", async (t) => {
  const path = await http(t, (_, answer) => {
    const timer = setInterval(() => answer.write(" "), 50);
    answer.on("close", () => clearInterval(timer));
  });
  await assert.rejects(
    runtimeSocket(path).ask(ID, never()),
    (error: Error) => error.name === "AbortError" || error.name === "TimeoutError" || /aborted/.test(error.message),
  );
});

test("the agent's end ends every question", async (t) => {
  const path = await http(t, () => {});
  const end = new AbortController();
  const asked = runtimeSocket(path).ask(ID, end.signal);
  end.abort();
  await assert.rejects(asked, { name: "AbortError" });
});

test("a socket that is not there is no answer", async () => {
  await assert.rejects(runtimeSocket("/nonexistent/docker.sock").ask(ID, never()), { code: "ENOENT" });
});
