/** Real handshakes of OpenSSL, as Node has it, read beside what its ends say of them. */

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { X509Certificate } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { duplexPair } from "node:stream";
import { after, before, describe, it } from "node:test";
import { connect, type SecureVersion, TLSSocket } from "node:tls";

import { TLS } from "../../agent/inspect/protocols/tls/tls.ts";
import type { Transaction } from "../../agent/inspect/transaction.ts";
import { requires, tool } from "../harness/require.ts";
import { readInEverySplit, type Said } from "./driver.ts";

const NAMES = "DNS:example.com,DNS:*.example.net,IP:192.0.2.1";

describe("a handshake of OpenSSL", requires(tool("openssl", "openssl")), () => {
  const folder = mkdtempSync(join(tmpdir(), "weir-tls-"));
  const made = { rsa: [] as Buffer[], ec: [] as Buffer[] };

  before(() => {
    for (const [kind, key] of [
      ["rsa", ["-newkey", "rsa:2048"]],
      ["ec", ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"]],
    ] as const) {
      const subject = ["-subj", '/O=Weir, "tests"/CN=example.com', "-addext", `subjectAltName=${NAMES}`];
      execFileSync(
        "openssl",
        ["req", "-x509", ...key, "-nodes", "-days", "30", ...subject, "-keyout", `${folder}/key`, "-out", `${folder}/cert`],
        {
          stdio: "ignore",
        },
      );
      made[kind] = [readFileSync(`${folder}/key`), readFileSync(`${folder}/cert`)];
    }
  });

  after(() => rmSync(folder, { recursive: true }));

  interface Ends {
    transaction: Transaction;
    /** As the client names it. */
    cipher: string;
  }

  /** Lets both ends speak with each other, and reads what they have sent. */
  async function handshake(kind: "rsa" | "ec", version: SecureVersion, more: { servername?: string } = {}): Promise<Ends> {
    const [key, cert] = made[kind] as [Buffer, Buffer];
    const said: Said[] = [];
    const [near, far] = duplexPair();
    const [outer, inner] = duplexPair();
    // What one end writes is noted, and handed to the other one.
    near.on("data", (bytes: Buffer) => void (said.push(["client", bytes]), outer.write(bytes)));
    outer.on("data", (bytes: Buffer) => void (said.push(["server", bytes]), near.write(bytes)));
    const weak = { minVersion: version, maxVersion: version, ciphers: "DEFAULT:@SECLEVEL=0" };
    const server = new TLSSocket(inner, { isServer: true, key, cert, ALPNProtocols: ["h2", "http/1.1"], ...weak });
    const client = connect({
      socket: far,
      servername: "www.example.com",
      rejectUnauthorized: false,
      ALPNProtocols: ["http/1.1", "h2"],
      ...weak,
      ...more,
    });
    await new Promise((resolve, reject) => {
      client.once("error", reject);
      server.once("error", reject);
      client.once("secureConnect", () => client.write("x"));
      server.once("data", resolve);
    });
    const cipher = (client.getCipher() as { standardName: string }).standardName;
    client.destroy();
    server.destroy();
    const [transaction, ...others] = readInEverySplit([TLS], said);
    assert.deepEqual(others, []);
    return { transaction: transaction!, cipher };
  }

  for (const version of ["TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3"] as const)
    for (const kind of ["rsa", "ec"] as const)
      it(`is read: ${version} with a certificate of type ${kind}`, async () => {
        const { transaction, cipher } = await handshake(kind, version);
        const { tls, undecided } = transaction;
        const number = version === "TLSv1" ? "1.0" : version.slice(4);
        assert.deepEqual(
          [undecided, tls?.server_name, tls?.version, tls?.offered_version, tls?.hidden_name],
          [undefined, "www.example.com", number, number, undefined],
        );
        assert.equal(tls?.cipher, cipher);
        if (version === "TLSv1.3") {
          assert.deepEqual([tls?.alpn, tls?.certificate], [["http/1.1", "h2"], undefined], "the server's choice is encrypted");
          return;
        }
        assert.deepEqual(tls?.alpn, ["h2"]);
        const own = new X509Certificate(made[kind][1]!);
        assert.deepEqual(tls?.certificate, {
          subject: 'O=Weir\\, \\"tests\\", CN=example.com',
          common_name: "example.com",
          issuer: 'O=Weir\\, \\"tests\\", CN=example.com',
          names: ["example.com", "*.example.net", "192.0.2.1"],
          not_before: own.validFromDate.toISOString(),
          not_after: own.validToDate.toISOString(),
          serial: own.serialNumber.toLowerCase(),
          fingerprint_sha256: own.fingerprint256.replaceAll(":", "").toLowerCase(),
          key: kind === "rsa" ? "rsa 2048" : "ec prime256v1",
        });
      });

  it("without a name hides it", async () => {
    const { transaction } = await handshake("ec", "TLSv1.2", { servername: "" });
    assert.deepEqual([transaction.tls?.hidden_name, transaction.tls?.server_name], ["absent", undefined]);
  });
});
