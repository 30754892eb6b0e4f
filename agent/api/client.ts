/** Asks the agent over its socket. Every failure becomes a sentence for the operator. */

import { type ClientRequest, type IncomingMessage, request } from "node:http";
import type { Mode } from "../values/traffic.ts";
import {
  API_VERSION,
  type BanChange,
  type BanPage,
  type ErrorBody,
  type ListedRule,
  type MemberPage,
  type ModeChange,
  type NewBans,
  type NewMembers,
  type NewRule,
  type Place,
  type PolicyInForce,
  type ReloadResult,
  type RuleChange,
  type RuleDetail,
  type SetChange,
  type SetRow,
  type Status,
} from "../service/contract.ts";
import { Refusal } from "../values/refusal.ts";
import type { DropRow } from "../observe/flows/drop-row.ts";
import type { FlowRow } from "../observe/flows/row.ts";
import type { Grouping } from "../observe/flows/groups.ts";
import type { Top, TopGrouping } from "../observe/flows/top.ts";
import type { SocketRow } from "../observe/sockets/row.ts";
import type { StatisticsOrder, StatisticsRow } from "../observe/statistics/row.ts";
import type { DropFilter } from "../service/drop-filter.ts";
import type { FlowFilter } from "../service/flow-filter.ts";
import type { OperatorSession } from "../values/session.ts";
import type { SocketFilter } from "../service/socket-filter.ts";
import type { StatisticsFilter } from "../service/statistics-filter.ts";
import { codeOf } from "../values/error-code.ts";
import { VERSION } from "../values/version.ts";
import { kindOf } from "./http-status.ts";

const QUICK_MS = 10_000;
/** Compiling and installing a big rule file takes a while. */
const PATIENT_MS = 120_000;

export interface WatchFilter {
  type?: string;
  rule?: string;
}

export class ControlClient {
  readonly path: string;
  #timeoutMs: number | undefined;

  constructor(path: string, options: { timeoutMs?: number } = {}) {
    this.path = path;
    this.#timeoutMs = options.timeoutMs;
  }

  status(): Promise<Status> {
    return this.#json("GET", "/v1/status");
  }

  rules(): Promise<ListedRule[]> {
    return this.#json("GET", "/v1/rules");
  }

  rule(which: string): Promise<RuleDetail> {
    return this.#json("GET", `/v1/rules/one?${new URLSearchParams({ which })}`);
  }

  addRule(rule: NewRule, session?: OperatorSession): Promise<RuleChange> {
    return this.#json("POST", "/v1/rules", { ...rule, session });
  }

  deleteRules(ids: readonly string[] | "all", session?: OperatorSession): Promise<RuleChange> {
    return this.#json("DELETE", "/v1/rules", { ids, session });
  }

  moveRule(id: string, place: Place, session?: OperatorSession): Promise<RuleChange> {
    return this.#json("PUT", "/v1/rules/place", { id, place, session });
  }

  bans(limit: number, { network, from }: { network?: string | undefined; from?: number | undefined } = {}): Promise<BanPage> {
    const parameters = {
      limit: String(limit),
      ...(network === undefined ? {} : { network }),
      ...(from === undefined ? {} : { from: String(from) }),
    };
    return this.#json("GET", `/v1/bans?${new URLSearchParams(parameters)}`);
  }

  addBans(bans: NewBans, session?: OperatorSession): Promise<BanChange> {
    return this.#json("POST", "/v1/bans", { ...bans, session });
  }

  deleteBans(networks: readonly string[] | "all", session?: OperatorSession): Promise<BanChange> {
    return this.#json("DELETE", "/v1/bans", { networks, session });
  }

  sets(): Promise<SetRow[]> {
    return this.#json("GET", "/v1/sets");
  }

  members(
    set: string,
    limit: number,
    { network, from }: { network?: string | undefined; from?: number | undefined } = {},
  ): Promise<MemberPage> {
    const parameters = {
      set,
      limit: String(limit),
      ...(network === undefined ? {} : { network }),
      ...(from === undefined ? {} : { from: String(from) }),
    };
    return this.#json("GET", `/v1/sets/members?${new URLSearchParams(parameters)}`);
  }

  addMembers(members: NewMembers, session?: OperatorSession): Promise<SetChange> {
    return this.#json("POST", "/v1/sets/members", { ...members, session });
  }

  removeMembers(set: string, networks: readonly string[] | "all", session?: OperatorSession): Promise<SetChange> {
    return this.#json("DELETE", "/v1/sets/members", { set, networks, session });
  }

  /** Names of the sets that hold each of these addresses. */
  setsHolding(addresses: readonly string[]): Promise<Record<string, string[]>> {
    return this.#json("POST", "/v1/sets/holding", { addresses });
  }

  drops(filter: DropFilter, limit: number, hash = false): Promise<DropRow[]> {
    return this.#json("GET", `/v1/drops?${new URLSearchParams({ ...filter, limit: String(limit), ...(hash ? { hash: "true" } : {}) })}`);
  }

  flows(filter: FlowFilter, limit: number, hash = false): Promise<FlowRow[]> {
    return this.#json("GET", `/v1/flows?${new URLSearchParams({ ...filter, limit: String(limit), ...(hash ? { hash: "true" } : {}) })}`);
  }

  top(by: TopGrouping, limit: number): Promise<Top> {
    return this.#json("GET", `/v1/top?${new URLSearchParams({ by, limit: String(limit) })}`);
  }

  statistics(by: Grouping, order: StatisticsOrder, filter: StatisticsFilter, limit: number): Promise<StatisticsRow[]> {
    return this.#json("GET", `/v1/statistics?${new URLSearchParams({ ...filter, by, order, limit: String(limit) })}`);
  }

  sockets(filter: SocketFilter, limit: number, hash = false): Promise<SocketRow[]> {
    return this.#json("GET", `/v1/sockets?${new URLSearchParams({ ...filter, limit: String(limit), ...(hash ? { hash: "true" } : {}) })}`);
  }

  policy(): Promise<PolicyInForce> {
    return this.#json("GET", "/v1/policy");
  }

  metrics(): Promise<string> {
    return this.#text("GET", "/v1/metrics");
  }

  setMode(mode: Mode, session?: OperatorSession): Promise<ModeChange> {
    return this.#json("PUT", "/v1/mode", { mode, session });
  }

  reload(session?: OperatorSession): Promise<ReloadResult> {
    return this.#json("POST", "/v1/reload", { session });
  }

  /** The lines of the stream, until the agent ends it or the signal aborts. A slow consumer slows down the reading. */
  async *watch(filter: WatchFilter, signal: AbortSignal): AsyncGenerator<string> {
    const response = await this.#send("GET", `/v1/watch?${new URLSearchParams({ ...filter })}`);
    const stop = () => response.destroy();
    signal.addEventListener("abort", stop);
    if (signal.aborted) stop();
    response.setEncoding("utf8");
    let rest = "";
    try {
      for await (const chunk of response) {
        const lines = (rest + chunk).split("\n");
        rest = lines.pop()!;
        yield* lines;
      }
    } catch (error) {
      // Aborted here, or the agent was killed: both are an end.
      if (!signal.aborted && codeOf(error) !== "ECONNRESET") throw this.#explained(error as Error);
    } finally {
      signal.removeEventListener("abort", stop);
      stop();
    }
  }

  async #json<Answer>(method: string, path: string, body?: unknown): Promise<Answer> {
    return JSON.parse(await this.#text(method, path, body)) as Answer;
  }

  async #text(method: string, path: string, body?: unknown): Promise<string> {
    const response = await this.#send(method, path, body);
    response.setTimeout(QUICK_MS, () => response.destroy(this.#silent(QUICK_MS)));
    try {
      return await textOf(response);
    } catch (error) {
      throw this.#explained(error as Error);
    }
  }

  async #send(method: string, path: string, body?: unknown): Promise<IncomingMessage> {
    const response = await this.#exchange(method, path, body);
    const spoken = response.headers["weir-api"];
    if (spoken !== String(API_VERSION)) {
      response.destroy();
      throw spoken === undefined ? this.#notWeir() : this.#otherVersion(String(spoken), response.headers["weir-version"]);
    }
    if (response.statusCode !== 200) throw await refusal(response);
    return response;
  }

  #exchange(method: string, path: string, body?: unknown): Promise<IncomingMessage> {
    return new Promise((resolve, reject) => {
      const text = body === undefined ? "" : JSON.stringify(body);
      const headers = { "content-type": "application/json", "content-length": Buffer.byteLength(text) };
      const sent: ClientRequest = request({ socketPath: this.path, method, path, headers, agent: false });
      const timeoutMs = this.#timeoutMs ?? (method === "GET" ? QUICK_MS : PATIENT_MS);
      const timer = setTimeout(() => sent.destroy(this.#silent(timeoutMs)), timeoutMs);
      sent.on("response", (response) => {
        clearTimeout(timer);
        resolve(response);
      });
      sent.on("error", (error) => {
        clearTimeout(timer);
        reject(this.#explained(error));
      });
      sent.end(text);
    });
  }

  #explained(error: Error): Refusal {
    if (error instanceof Refusal) return error;
    switch (codeOf(error)) {
      case "ENOENT":
      case "ECONNREFUSED":
        return new Refusal(`The weir agent is not running: nothing answers on ${this.path}.`, {
          next: 'Start it with "weir run" as root, or "systemctl start weir". If it uses another socket, name it with --socket or WEIR_CONTROL_SOCKET.',
          cause: error,
        });
      case "EACCES":
      case "EPERM":
        return this.#onlyRoot(error);
      case "ENOTSOCK":
      case "HPE_INVALID_CONSTANT":
        return this.#notWeir();
      case "ECONNRESET":
      case "EPIPE":
      case "EAGAIN":
        if (process.geteuid!() !== 0) return this.#onlyRoot(error);
        return new Refusal(`The agent closed the connection on ${this.path}: it is stopping, or has too many connections.`, {
          next: "Try again in a moment.",
          cause: error,
        });
      default:
        return new Refusal(`Talking to the agent on ${this.path} failed: ${error.message}.`, {
          next: "Check the path given with --socket or WEIR_CONTROL_SOCKET.",
          cause: error,
        });
    }
  }

  #onlyRoot(cause: Error): Refusal {
    return new Refusal(`Permission denied on ${this.path}: only root may talk to the agent.`, {
      next: "Run the same command as root, for example with sudo.",
      cause,
    });
  }

  #silent(timeoutMs: number): Refusal {
    return new Refusal(
      `The agent did not answer on ${this.path} within ${timeoutMs / 1000} s. What is loaded in the kernel goes on meanwhile.`,
      {
        next: "See whether the agent is stopped or busy (ps, its log), and restart it if it stays silent.",
      },
    );
  }

  #notWeir(): Refusal {
    return new Refusal(`Something answers on ${this.path}, but it is not a weir agent.`, {
      next: "Check the path given with --socket or WEIR_CONTROL_SOCKET.",
    });
  }

  #otherVersion(api: string, version: string | string[] | undefined): Refusal {
    return new Refusal(`The running agent is weir ${version ?? "?"} (API ${api}); this command is weir ${VERSION} (API ${API_VERSION}).`, {
      next: "Restart the agent so that it is the installed version, or use the command that belongs to it.",
    });
  }
}

async function refusal(response: IncomingMessage): Promise<Refusal> {
  const status = response.statusCode ?? 500;
  const text = await textOf(response);
  try {
    const { error } = JSON.parse(text) as ErrorBody;
    return new Refusal(error.what, { kind: kindOf(status), next: error.next, details: error.details ?? [] });
  } catch {
    return new Refusal(`The agent answered ${status} without a reason.`, { kind: kindOf(status), next: "See the agent's log." });
  }
}

async function textOf(response: IncomingMessage): Promise<string> {
  let text = "";
  response.setEncoding("utf8");
  for await (const chunk of response) text += chunk;
  return text;
}
