/**
 * The control socket: HTTP on a Unix socket, so that curl can speak to it too.
 * Everything a caller can make grow has a bound: connections, headers, bodies, time, and what waits for a slow reader.
 */

import { once } from "node:events";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { API_VERSION, type AgentControl, type ErrorBody } from "../service/contract.ts";
import { judged } from "../service/requests/judge.ts";
import { perform } from "../service/requests/perform.ts";
import { Refusal } from "../values/refusal.ts";
import { codeOf } from "../values/error-code.ts";
import { createServer } from "../values/http.ts";
import { operationOf, requestIn } from "./reading.ts";
import { Door, type DoorOptions, type Peer } from "./door.ts";
import { claimSocket, listen, type SocketClaim } from "./socket.ts";
import { VERSION } from "../values/version.ts";
import { CallStreams } from "./call-streams.ts";
import { Watchers } from "./watchers.ts";
import { HttpRefusal, statusOf } from "./http-status.ts";

const CONNECTIONS = 64;
const BYTES = 64 * 1024;
const HEADERS_MS = 5_000;
const REQUEST_MS = 10_000;
const READER_MS = 10_000;
const CLOSE_MS = 1_000;

export interface ControlServerOptions extends DoorOptions {
  /** Of the path, where it was claimed before. The server releases it in the end. */
  claim?: SocketClaim;
  control: AgentControl;
}

export interface ControlFigures {
  connections: number;
  /** By the peer's uid. */
  refused: number;
  /** Above the limit of connections. */
  turned_away: number;
  watchers: number;
  /** Events not sent to watchers that read too slowly. */
  watch_lost: number;
}

export interface ControlServer {
  figures(): ControlFigures;
  /** Ends the streams and removes the socket. */
  close(): Promise<void>;
}

export async function startControlServer(options: ControlServerOptions): Promise<ControlServer> {
  const claim = options.claim ?? (await claimSocket(options.path));
  const service = new Service(options, claim);
  try {
    await listen(service.server, claim.path);
    service.door.open();
  } catch (error) {
    await claim.release();
    throw error;
  }
  return service;
}

class Service implements ControlServer {
  readonly server: Server;
  readonly door: Door;
  #options: ControlServerOptions;
  #claim: SocketClaim;
  #watchers: Watchers;
  #callStreams: CallStreams;
  #peers = new WeakMap<Duplex, Peer>();
  #open = new Set<Socket>();
  #turnedAway = 0;

  constructor(options: ControlServerOptions, claim: SocketClaim) {
    this.#options = options;
    this.#claim = claim;
    this.#watchers = new Watchers(options.control.events);
    this.#callStreams = new CallStreams(options.control.calls);
    this.door = new Door(options);
    this.server = createServer(
      { headersTimeout: HEADERS_MS, requestTimeout: REQUEST_MS, connectionsCheckingInterval: 1_000, maxHeaderSize: BYTES },
      (request, response) => void this.#serve(request, response),
    );
    // Node's own listener reads what is sent: it gets only whom the door admits.
    const [converse] = this.server.listeners("connection") as [(socket: Socket) => void];
    this.server.removeAllListeners("connection");
    this.server.on("connection", (socket: Socket) => {
      if (this.#admit(socket)) converse.call(this.server, socket);
    });
    this.server.on("clientError", refuseMalformed);
  }

  figures(): ControlFigures {
    return {
      connections: this.#open.size,
      refused: this.door.refused,
      turned_away: this.#turnedAway,
      watchers: this.#watchers.count,
      watch_lost: this.#watchers.lost + this.#callStreams.lost,
    };
  }

  async close(): Promise<void> {
    // Node regards an answer that the reader has not taken yet as idle, and would cut it off.
    await Promise.race([Promise.all([this.#watchers.close(), this.#callStreams.close()]), sleep(CLOSE_MS, undefined, { ref: false })]);
    this.door.close();
    this.server.close();
    this.server.closeAllConnections();
    await once(this.server, "close");
    await this.#claim.release();
  }

  #admit(socket: Socket): boolean {
    const peer = this.door.admit(socket);
    if (peer === undefined) return false;
    if (this.#open.size >= CONNECTIONS) {
      this.#turnedAway++;
      socket.destroy();
      return false;
    }
    this.#peers.set(socket, peer);
    this.#open.add(socket);
    socket.once("close", () => this.#open.delete(socket));
    return true;
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    response.on("error", () => {}); // the reader went away
    try {
      const caller = this.#peers.get(request.socket)!;
      const url = new URL(request.url ?? "/", "http://weir");
      const operation = operationOf(request.method ?? "", url.pathname);
      const asked = await requestIn(operation, url, (most) => readBody(request, most));
      if (operation === "watch") return this.#watchers.add(judged(operation, asked), response, writeHead);
      if (operation === "calls") return await this.#callStreams.add(judged(operation, asked), response, writeHead);
      const reply = await perform(operation, asked, this.#options.control, { uid: caller.uid, pid: caller.pid });
      finish(
        response,
        200,
        typeof reply === "string" ? "text/plain; version=0.0.4; charset=utf-8" : "application/json",
        typeof reply === "string" ? reply : `${JSON.stringify(reply)}\n`,
      );
    } catch (error) {
      if (response.headersSent) return void response.destroy();
      const known = explain(error);
      const status = statusOf(known);
      if (status === 405) response.setHeader("allow", known.details.join(", "));
      finish(response, status, "application/json", `${JSON.stringify(bodyOf(known))}\n`);
    }
  }
}

function finish(response: ServerResponse, status: number, type: string, text: string): void {
  writeHead(response, status, type, Buffer.byteLength(text));
  response.end(text);
  response.socket?.setTimeout(READER_MS, () => response.destroy());
}

/** One request a connection: nobody can keep one of the few open by being idle. */
function writeHead(response: ServerResponse, status: number, type: string, length?: number): void {
  const headers = { "content-type": type, connection: "close", "weir-api": String(API_VERSION), "weir-version": VERSION };
  response.writeHead(status, length === undefined ? headers : { ...headers, "content-length": length });
}

function explain(error: unknown): Refusal {
  if (error instanceof Refusal) return error;
  return new Refusal(error instanceof Error ? error.message : String(error), { next: "See the agent's log.", cause: error });
}

function bodyOf(error: Refusal): ErrorBody {
  const { message: what, next, details } = error;
  return { error: details.length > 0 ? { what, next, details } : { what, next } };
}

function readBody(request: IncomingMessage, most: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    const refuse = () => {
      request.pause();
      reject(new HttpRefusal(413, `The body of the request is larger than ${most} bytes.`, { next: "Send a smaller one." }));
    };
    if (Number(request.headers["content-length"]) > most) return refuse();
    request.on("data", (chunk: Buffer) => {
      size += chunk.length;
      if (size > most) return refuse();
      chunks.push(chunk);
    });
    request.on("end", () => resolve(Buffer.concat(chunks).toString("utf8")));
    request.on("error", reject);
  });
}

/** What is not HTTP, too large or too slow never becomes a request; it is answered on the bare socket. */
function refuseMalformed(error: Error, socket: Duplex): void {
  if (!socket.writable) return void socket.destroy();
  const [status, what] = malformed(codeOf(error));
  const text = JSON.stringify({ error: { what, next: "Send one complete HTTP/1.1 request a connection." } } satisfies ErrorBody);
  socket.end(
    `HTTP/1.1 ${status}\r\ncontent-type: application/json\r\nconnection: close\r\nweir-api: ${API_VERSION}\r\ncontent-length: ${Buffer.byteLength(text)}\r\n\r\n${text}`,
  );
}

function malformed(code: string): [string, string] {
  if (code === "HPE_HEADER_OVERFLOW") return ["431 Request Header Fields Too Large", `The headers are larger than ${BYTES} bytes.`];
  if (code === "ERR_HTTP_REQUEST_TIMEOUT") return ["408 Request Timeout", "The request took too long to arrive."];
  return ["400 Bad Request", "This is not an HTTP request."];
}
