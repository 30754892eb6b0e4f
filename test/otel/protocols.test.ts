/** The ways to a collector beside plain HTTP: TLS, and gRPC, which makes its own connections. */

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer as createHttp2 } from "node:http2";
import { createServer as createHttps } from "node:https";
import type { AddressInfo, Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";

import { requires, tool } from "../harness/require.ts";
import { until } from "./collector.ts";
import { connection, verdict } from "./fixtures.ts";
import { session } from "./session.ts";

async function listening(t: TestContext, server: Server, port = 0): Promise<number> {
  await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
  t.after(() => server.close());
  return (server.address() as AddressInfo).port;
}

test(
  "over TLS records arrive where the certificate is trusted, and nobody is reached where it is not",
  requires(tool("openssl", "openssl")),
  async (t) => {
    const folder = await mkdtemp(join(tmpdir(), "weir-tls-"));
    t.after(() => rm(folder, { recursive: true }));
    const [key, cert] = [join(folder, "key.pem"), join(folder, "cert.pem")];
    execFileSync(
      "openssl",
      [
        "req",
        "-x509",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:prime256v1",
        "-nodes",
        "-keyout",
        key,
        "-out",
        cert,
        "-days",
        "2",
        "-subj",
        "/CN=localhost",
        "-addext",
        "subjectAltName=IP:127.0.0.1",
      ],
      { stdio: "ignore" },
    );
    let requests = 0;
    const server = createHttps({ key: readFileSync(key), cert: readFileSync(cert) }, (request, response) => {
      requests++;
      request.resume().on("end", () => response.writeHead(200, { "content-type": "application/json" }).end("{}"));
    });
    const endpoint = `https://127.0.0.1:${await listening(t, server)}`;

    const trusting = await session(
      t,
      { endpoint, logs: true },
      { OTEL_EXPORTER_OTLP_CERTIFICATE: cert, OTEL_EXPORTER_OTLP_TIMEOUT: "5000" },
    );
    for (let record = 0; record < 3; record++) trusting.telemetry.event(verdict());
    await until(() => trusting.telemetry.state().logs!.sent === 3, "the records are acknowledged");
    assert.ok(requests > 0);
    await trusting.telemetry.shutdown(1000);

    requests = 0;
    const { telemetry } = await session(t, { endpoint, logs: true });
    telemetry.event(verdict());
    await until(() => telemetry.state().logs!.lost === 1, "the record is given up");
    assert.equal(telemetry.state().logs!.state, "failing");
    assert.equal(requests, 0);
  },
);

test("by gRPC nobody is told as nobody, and a collector that comes is found", async (t) => {
  const server = createHttp2();
  server.on("stream", (stream) => {
    stream.resume().on("end", () => {
      stream.respond({ ":status": 200, "content-type": "application/grpc" }, { waitForTrailers: true });
      stream.on("wantTrailers", () => stream.sendTrailers({ "grpc-status": "0" }));
      stream.end(Buffer.alloc(5)); // a message without a field
    });
  });
  const port = await listening(t, server);
  await new Promise((resolve) => server.close(resolve));
  const { telemetry, said } = await session(
    t,
    { endpoint: `http://127.0.0.1:${port}`, traces: true, logs: true },
    { OTEL_EXPORTER_OTLP_PROTOCOL: "grpc", OTEL_EXPORTER_OTLP_TIMEOUT: "2000" },
  );
  telemetry.event(verdict());
  telemetry.connection(connection()); // spans are sent when their connection ends
  await until(() => telemetry.state().logs!.lost === 1 && telemetry.state().traces!.lost === 1, "both are given up");
  assert.match(said[0]!, /nobody listens at/);
  await listening(t, server, port);
  await until(() => {
    if (telemetry.state().logs!.waiting + telemetry.state().logs!.flying === 0) telemetry.event(verdict());
    return telemetry.state().logs!.sent > 0;
  }, "records are acknowledged");
  assert.equal(telemetry.state().logs!.state, "ok");
});
