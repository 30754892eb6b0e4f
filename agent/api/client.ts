/** Asks the agent over its socket. Every failure becomes a sentence for the operator. */

import type { ClientRequest, IncomingMessage } from "node:http";
import type { Mode } from "../values/traffic.ts";
import {
  API_VERSION,
  type BanChange,
  type BanPage,
  type ErrorBody,
  type ListedRule,
  type MemberPage,
  type ModeChange,
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
import type { Top } from "../observe/flows/top.ts";
import type { SocketRow } from "../observe/sockets/row.ts";
import type { StatisticsRow } from "../observe/statistics/row.ts";
import type { OperatorSession } from "../values/session.ts";
import type { Operation, Sent } from "../service/requests/requests.ts";
import { codeOf } from "../values/error-code.ts";
import { request } from "../values/http.ts";
import { VERSION } from "../values/version.ts";
import { kindOf } from "./http-status.ts";
import { ROUTES } from "./routes.ts";

const QUICK_MS = 10_000;
/** Compiling and installing a big rule file takes a while. */
const PATIENT_MS = 120_000;

export class ControlClient {
  readonly path: string;
  #timeoutMs: number | undefined;

  constructor(path: string, options: { timeoutMs?: number } = {}) {
    this.path = path;
    this.#timeoutMs = options.timeoutMs;
  }

  status(): Promise<Status> {
    return this.#ask("status", {});
  }

  rules(): Promise<ListedRule[]> {
    return this.#ask("listRules", {});
  }

  rule(which: string): Promise<RuleDetail> {
    return this.#ask("findRule", { which });
  }

  addRule(rule: Sent<"addRule">, session?: OperatorSession): Promise<RuleChange> {
    return this.#ask("addRule", rule, session);
  }

  deleteRules(ids: readonly string[] | "all", session?: OperatorSession): Promise<RuleChange> {
    return this.#ask("deleteRules", { ids }, session);
  }

  moveRule(id: string, place: Place, session?: OperatorSession): Promise<RuleChange> {
    return this.#ask("moveRule", { id, place }, session);
  }

  bans(page: Sent<"listBans">): Promise<BanPage> {
    return this.#ask("listBans", page);
  }

  addBans(bans: Sent<"addBans">, session?: OperatorSession): Promise<BanChange> {
    return this.#ask("addBans", bans, session);
  }

  deleteBans(networks: readonly string[] | "all", session?: OperatorSession): Promise<BanChange> {
    return this.#ask("deleteBans", { networks }, session);
  }

  sets(): Promise<SetRow[]> {
    return this.#ask("listSets", {});
  }

  members(page: Sent<"listMembers">): Promise<MemberPage> {
    return this.#ask("listMembers", page);
  }

  addMembers(members: Sent<"addMembers">, session?: OperatorSession): Promise<SetChange> {
    return this.#ask("addMembers", members, session);
  }

  removeMembers(set: string, networks: readonly string[] | "all", session?: OperatorSession): Promise<SetChange> {
    return this.#ask("removeMembers", { set, networks }, session);
  }

  /** Names of the sets that hold each of these addresses. */
  setsHolding(addresses: readonly string[]): Promise<Record<string, string[]>> {
    return this.#ask("findSets", { addresses });
  }

  drops(asked: Sent<"drops">): Promise<DropRow[]> {
    return this.#ask("drops", asked);
  }

  flows(asked: Sent<"flows">): Promise<FlowRow[]> {
    return this.#ask("flows", asked);
  }

  top(asked: Sent<"top">): Promise<Top> {
    return this.#ask("top", asked);
  }

  statistics(asked: Sent<"statistics">): Promise<StatisticsRow[]> {
    return this.#ask("statistics", asked);
  }

  sockets(asked: Sent<"sockets">): Promise<SocketRow[]> {
    return this.#ask("sockets", asked);
  }

  policy(): Promise<PolicyInForce> {
    return this.#ask("policy", {});
  }

  metrics(): Promise<string> {
    return this.#text("metrics", {});
  }

  setMode(mode: Mode, session?: OperatorSession): Promise<ModeChange> {
    return this.#ask("setMode", { mode }, session);
  }

  reload(session?: OperatorSession): Promise<ReloadResult> {
    return this.#ask("reload", {}, session);
  }

  /** The lines of the stream, until the agent ends it or the signal aborts. A slow consumer slows down the reading. */
  watch(asked: Sent<"watch">, signal: AbortSignal): AsyncGenerator<string> {
    return this.#stream("watch", asked, signal);
  }

  /** The same of what a process does with its sockets. */
  calls(asked: Sent<"calls">, signal: AbortSignal): AsyncGenerator<string> {
    return this.#stream("calls", asked, signal);
  }

  async *#stream(operation: "watch" | "calls", asked: object, signal: AbortSignal): AsyncGenerator<string> {
    const response = await this.#send(operation, asked);
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

  async #ask<Name extends Operation, Answer>(operation: Name, asked: Sent<Name>, session?: OperatorSession): Promise<Answer> {
    return JSON.parse(await this.#text(operation, { ...asked, session })) as Answer;
  }

  async #text(operation: Operation, request: object): Promise<string> {
    const response = await this.#send(operation, request);
    response.setTimeout(QUICK_MS, () => response.destroy(this.#silent(QUICK_MS)));
    try {
      return await textOf(response);
    } catch (error) {
      throw this.#explained(error as Error);
    }
  }

  async #send(operation: Operation, asked: object): Promise<IncomingMessage> {
    const response = await this.#exchange(operation, asked);
    const spoken = response.headers["weir-api"];
    if (spoken !== String(API_VERSION)) {
      response.destroy();
      throw spoken === undefined ? this.#notWeir() : this.#otherVersion(String(spoken), response.headers["weir-version"]);
    }
    if (response.statusCode !== 200) throw await refusal(response);
    return response;
  }

  #exchange(operation: Operation, asked: object): Promise<IncomingMessage> {
    return new Promise((resolve, reject) => {
      const { method, path, text } = messageOf(operation, asked);
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

/** Makes the message of a request. Keys that are undefined are left out. */
function messageOf(operation: Operation, asked: object): { method: string; path: string; text: string } {
  const { method, path } = ROUTES[operation];
  if (method !== "GET") return { method, path, text: JSON.stringify(asked) };
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(asked)) if (value !== undefined) parameters.append(name, String(value));
  return { method, path: parameters.size === 0 ? path : `${path}?${parameters}`, text: "" };
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
