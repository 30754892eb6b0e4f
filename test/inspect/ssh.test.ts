/** What SSH says before it encrypts, of real clients and servers and of hostile ones. */

import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { type AddressInfo, connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";

import { SSH } from "../../agent/inspect/protocols/ssh.ts";
import { eventually } from "../harness/eventually.ts";
import { Random } from "../harness/random.ts";
import { requires, root, tool } from "../harness/require.ts";
import { read, readInEverySplit, type Said } from "./driver.ts";

const KEY_TYPES = { ed25519: "ssh-ed25519", rsa: "ssh-rsa", ecdsa: "ecdsa-sha2-nistp256" } as const;

describe("OpenSSH's client and Dropbear", requires(root(), tool("dropbear", "dropbear-bin"), tool("ssh", "openssh-client")), () => {
  const folder = mkdtempSync(join(tmpdir(), "weir-ssh-"));

  before(() => {
    for (const type of Object.keys(KEY_TYPES)) execFileSync("dropbearkey", ["-t", type, "-f", join(folder, type)], { stdio: "ignore" });
  });

  after(() => rmSync(folder, { recursive: true }));

  /** A client connects and cannot log in. Returns what both ends have sent. */
  async function talk(type: string, exchange: string): Promise<Said[]> {
    const said: Said[] = [];
    const between = createServer((near) => {
      const far = connect(port, "127.0.0.1");
      near.on("data", (bytes) => void (said.push(["client", bytes]), far.write(bytes)));
      far.on("data", (bytes) => void (said.push(["server", bytes]), near.write(bytes)));
      near.on("close", () => far.destroy()).on("error", () => undefined);
      far.on("close", () => near.destroy()).on("error", () => undefined);
    });
    const port = await freePort();
    const server = spawn("dropbear", ["-F", "-p", `127.0.0.1:${port}`, "-r", join(folder, type), "-P", join(folder, "pid")], {
      stdio: "ignore",
    });
    try {
      await eventually("the server listens", () => answers(port));
      between.listen(0, "127.0.0.1");
      await once(between, "listening");
      const options = ["BatchMode=yes", "StrictHostKeyChecking=no", "UserKnownHostsFile=/dev/null", `KexAlgorithms=${exchange}`];
      const words = ["-F", "none", "-p", String((between.address() as AddressInfo).port), ...options.flatMap((one) => ["-o", one])];
      await once(spawn("ssh", [...words, "nobody@127.0.0.1", "true"], { stdio: "ignore" }), "exit");
    } finally {
      between.close();
      server.kill();
      await once(server, "exit");
    }
    return said;
  }

  for (const [type, exchange] of [
    ["ed25519", "curve25519-sha256"],
    ["rsa", "ecdh-sha2-nistp256"],
    ["ecdsa", "diffie-hellman-group14-sha256"],
  ] as const)
    it(`say who they are, and which host key of type ${type} the server has, with ${exchange}`, async () => {
      const [found, ...others] = readInEverySplit([SSH], await talk(type, exchange));
      assert.deepEqual(others, []);
      const version = /OpenSSH_[^ ,]+/.exec(execFileSync("sh", ["-c", "ssh -V 2>&1"], { encoding: "utf8" }))![0];
      const { client, server, host_key } = found!.ssh!;
      assert.ok(client?.startsWith(`SSH-2.0-${version}`), client);
      assert.ok(server?.startsWith("SSH-2.0-dropbear"), server);
      const shown = execFileSync("dropbearkey", ["-y", "-f", join(folder, type)], { encoding: "utf8" });
      const input = shown.split("\n").find((line) => line.startsWith(KEY_TYPES[type]))!;
      const fingerprint = execFileSync("ssh-keygen", ["-lf", "-"], { encoding: "utf8", input }).split(" ")[1];
      assert.deepEqual(host_key, { type: KEY_TYPES[type], sha256: fingerprint });
      assert.equal(found!.undecided, undefined);
    });
});

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}

async function answers(port: number): Promise<boolean> {
  const socket = connect(port, "127.0.0.1");
  const connected = await once(socket, "connect").then(
    () => true,
    () => false,
  );
  socket.destroy();
  return connected;
}

function text(value: string | Uint8Array): Buffer {
  const bytes = Buffer.from(value as string, "latin1");
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bytes.length);
  return Buffer.concat([length, bytes]);
}

function packet(type: number, ...parts: readonly Uint8Array[]): Buffer {
  const payload = Buffer.concat([Buffer.from([type]), ...parts]);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(payload.length + 5);
  return Buffer.concat([length, Buffer.from([4]), payload, Buffer.alloc(4)]);
}

const offers = (...exchanges: readonly string[]): Buffer => packet(20, Buffer.alloc(16), text(exchanges.join(",")), Buffer.alloc(40));
const KEY = text("ssh-ed25519");
const LINE = "SSH-2.0-one\r\n";

describe("SSH", () => {
  const said = (client: readonly (string | Buffer)[], server: readonly (string | Buffer)[]): unknown[] => {
    const whole = (parts: readonly (string | Buffer)[]): Buffer =>
      Buffer.concat(parts.map((part) => Buffer.from(part as string, "latin1")));
    return readInEverySplit(
      [SSH],
      [
        ["client", whole(client)],
        ["server", whole(server)],
      ],
    ).map(({ ssh, undecided }) => [ssh?.client, ssh?.server, ssh?.host_key?.type, undecided].map((one) => one ?? ""));
  };

  it("names both ends, also if there is no key, and lines come before that of the server", () => {
    assert.deepEqual(said([LINE], ["Welcome\r\nto this host\n", "SSH-1.99-two comment\n"]), [
      ["SSH-2.0-one", "SSH-1.99-two comment", "", ""],
    ]);
  });

  it("tells the host key of the exchange on which both agree", () => {
    const group = packet(31, text(Buffer.alloc(8, 1)), text("2"));
    for (const [exchange, server, expected] of [
      ["curve25519-sha256", [packet(31, text(KEY), text("q"))], "ssh-ed25519"],
      ["diffie-hellman-group-exchange-sha256", [group, packet(33, text(KEY), text("q"))], "ssh-ed25519"],
      ["diffie-hellman-group-exchange-sha256", [group], ""],
      ["curve25519-sha256", [packet(21), packet(31, text(KEY), text("q"))], ""],
      ["", [packet(31, text(KEY), text("q"))], ""], // what the client offers is not seen
    ] as const)
      assert.deepEqual(said(exchange === "" ? [LINE] : [LINE, offers("unknown", exchange)], [LINE, offers(exchange, "other"), ...server]), [
        ["SSH-2.0-one", "SSH-2.0-one", expected, ""],
      ]);
    const [found] = read(
      [SSH],
      [
        ["client", Buffer.concat([Buffer.from(LINE), offers("x")])],
        ["server", Buffer.concat([Buffer.from(LINE), offers("x"), packet(31, text(KEY))])],
      ],
    );
    assert.equal(found?.ssh?.host_key?.sha256, `SHA256:${createHash("sha256").update(KEY).digest("base64").replace(/=+$/, "")}`);
  });

  const wrong: Record<string, [client: string | Buffer, undecided: string, twin: string | Buffer]> = {
    "version 1": ["SSH-1.5-one\r\n", "unknown_version", "SSH-1.99-one\r\n"],
    "a line with an escape sequence": ["SSH-2.0-\x1b[31m\r\n", "malformed", "SSH-2.0-[31m\r\n"],
    "a line of 256 bytes": [`SSH-2.0-${"a".repeat(247)}\n`, "too_long", `SSH-2.0-${"a".repeat(246)}\n`],
    "a packet longer than any may be": [
      Buffer.from(`${LINE}\x00\x00\x88\xb9\x04\x14`, "latin1"),
      "too_long",
      Buffer.from(`${LINE}\x00\x00\x88\xb8\x04\x14`, "latin1"),
    ],
    "more padding than packet": [
      Buffer.from(`${LINE}\x00\x00\x00\x05\x04\x14`, "latin1"),
      "malformed",
      Buffer.from(`${LINE}\x00\x00\x00\x06\x04\x14`, "latin1"),
    ],
  };
  for (const [name, [client, undecided, twin]] of Object.entries(wrong))
    it(`is undecided with ${name}`, () => {
      assert.deepEqual(
        read([SSH], [["client", client]]).map((found) => found.undecided),
        [undecided],
      );
      assert.deepEqual(
        read([SSH], [["client", twin]]).map((found) => found.undecided),
        [undefined],
      );
    });

  it("can have anything wrong with it, and is undecided or read", () => {
    const random = new Random(9);
    const whole = Buffer.concat([Buffer.from(LINE), offers("x"), packet(31, text(KEY), text("q"))]);
    for (let round = 0; round < 20_000; round++) {
      const changed = Buffer.from(whole);
      for (let count = 1 + random.below(3); count > 0; count--) changed[4 + random.below(changed.length - 4)] = random.below(256);
      read(
        [SSH],
        [
          ["client", whole.subarray(0, LINE.length + offers("x").length)],
          ["server", changed],
        ],
      );
    }
  });
});
