/** Combines the `OTEL_*` variables with the configuration. The variables win. An empty variable counts as absent. */

import { LARGEST_FILE } from "../agent/files/file.ts";
import { readOutsideNow } from "../agent/files/outside-file.ts";
import type { Signal } from "./delivery.ts";

export type Protocol = "http/json" | "http/protobuf" | "grpc";

export interface Target {
  /** `console` prints to the terminal, for experiments. */
  exporter: "otlp" | "console";
  protocol: Protocol;
  /** The full address for this signal. */
  url: string;
  /** The variable or key that sets the address. */
  setBy: string;
  /** True if the operator configured the address; else it is the usual one of a collector on this host. */
  asked: boolean;
  tls: TlsFiles;
  /** The exporter tries for this many milliseconds to deliver a batch. */
  patience: number;
  /**
   * After this many milliseconds a batch counts as lost, whatever the exporter does. It is longer than `patience`, so that the
   * exporter can report the problem.
   */
  deadline: number;
}

/** The contents of the files that variables name. */
export interface TlsFiles {
  ca?: Buffer;
  cert?: Buffer;
  key?: Buffer;
}

export interface QueueLimits {
  capacity: number;
  batch: number;
  delay: number;
}

export interface Plan {
  targets: Partial<Record<Signal, Target>>;
  spans: QueueLimits;
  logs: QueueLimits;
  /** The milliseconds between two collections of metrics. */
  interval: number;
  warnings: string[];
}

export interface Wishes {
  /** The beginning of the address; absent if none was configured. */
  endpoint?: string | undefined;
  traces: boolean;
  metrics: boolean;
  logs: boolean;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** The address at which a collector on this host usually listens. */
export const USUAL_ENDPOINT = "http://127.0.0.1:4318";

/** A queue holds at most this many batches. */
export const MAX_BATCHES = 30;

const DEADLINE_MS = 15_000;

const SIGNALS: readonly Signal[] = ["traces", "metrics", "logs"];

export function planTelemetry(wishes: Wishes, environment: Environment): Plan {
  const variables = new Variables(environment);
  const spans = queueLimits(variables, "OTEL_BSP", { capacity: 2048, batch: 512, delay: 2000 });
  const logs = queueLimits(variables, "OTEL_BLRP", { capacity: 8192, batch: 512, delay: 1000 });
  const interval = variables.number("OTEL_METRIC_EXPORT_INTERVAL") ?? 15_000;
  const deadlines = {
    traces: variables.number("OTEL_BSP_EXPORT_TIMEOUT") ?? DEADLINE_MS,
    logs: variables.number("OTEL_BLRP_EXPORT_TIMEOUT") ?? DEADLINE_MS,
    // At the next collection the last one must be settled.
    metrics: Math.min(variables.number("OTEL_METRIC_EXPORT_TIMEOUT") ?? DEADLINE_MS, interval),
  };
  const targets: Plan["targets"] = {};
  if (variables.text("OTEL_SDK_DISABLED")?.toLowerCase() !== "true") {
    for (const signal of SIGNALS) {
      const target = targetOf(signal, deadlines[signal], wishes, variables);
      if (target !== undefined) targets[signal] = target;
    }
  }
  return { targets, spans, logs, interval, warnings: variables.warnings };
}

function targetOf(signal: Signal, deadline: number, wishes: Wishes, variables: Variables): Target | undefined {
  const NAME = signal.toUpperCase();
  const names = variables
    .text(`OTEL_${NAME}_EXPORTER`)
    ?.split(",")
    .map((name) => name.trim());
  if (names === undefined ? !wishes[signal] : names.includes("none")) return undefined;
  const exporter = names?.find((name) => name === "otlp" || name === "console");
  if (names !== undefined && exporter === undefined) {
    variables.warnings.push(`OTEL_${NAME}_EXPORTER=${names.join(",")} is not available, so weir uses otlp; set otlp, console or none`);
  }
  const protocol = variables.oneOf(
    ["http/json", "http/protobuf", "grpc"],
    `OTEL_EXPORTER_OTLP_${NAME}_PROTOCOL`,
    "OTEL_EXPORTER_OTLP_PROTOCOL",
  );
  const place = address(signal, protocol, wishes, variables);
  if (protocol === "grpc" && !place.asked) {
    variables.warn(
      "telemetry over gRPC needs an address, and none is configured: set OTEL_EXPORTER_OTLP_ENDPOINT, for example to http://127.0.0.1:4317; weir goes on without telemetry",
    );
    return undefined;
  }
  warnOfPort(place, protocol, variables);
  const patience = variables.number(`OTEL_EXPORTER_OTLP_${NAME}_TIMEOUT`, "OTEL_EXPORTER_OTLP_TIMEOUT") ?? 10_000;
  return {
    exporter: exporter ?? "otlp",
    protocol: protocol ?? "http/json",
    ...place,
    tls: tlsFiles(NAME, variables),
    patience: Math.min(patience, Math.ceil(deadline * 0.8)),
    deadline,
  };
}

/** By convention a collector speaks gRPC on one port and HTTP on the other. */
const GRPC_PORT = "4317";
const HTTP_PORT = "4318";

function warnOfPort({ url, setBy }: Pick<Target, "url" | "setBy">, protocol: Protocol | undefined, variables: Variables): void {
  const { port } = new URL(url);
  if (protocol !== "grpc" && port === GRPC_PORT) {
    variables.warn(
      `${setBy} names port ${GRPC_PORT}, where collectors usually speak gRPC, and weir sends HTTP; name port ${HTTP_PORT}, or set OTEL_EXPORTER_OTLP_PROTOCOL=grpc`,
    );
  }
  if (protocol === "grpc" && port === HTTP_PORT) {
    variables.warn(
      `${setBy} names port ${HTTP_PORT}, where collectors usually speak HTTP, and weir sends gRPC; name port ${GRPC_PORT}, or set OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf`,
    );
  }
}

function tlsFiles(NAME: string, variables: Variables): TlsFiles {
  const read = (what: string): Buffer | undefined => variables.file(`OTEL_EXPORTER_OTLP_${NAME}_${what}`, `OTEL_EXPORTER_OTLP_${what}`);
  const [ca, cert, key] = [read("CERTIFICATE"), read("CLIENT_CERTIFICATE"), read("CLIENT_KEY")];
  return { ...(ca && { ca }), ...(cert && { cert }), ...(key && { key }) };
}

/** A variable for one signal holds the whole address. The variable for all signals, and the configuration, hold its beginning. */
function address(
  signal: Signal,
  protocol: Protocol | undefined,
  wishes: Wishes,
  variables: Variables,
): Pick<Target, "url" | "setBy" | "asked"> {
  const own = `OTEL_EXPORTER_OTLP_${signal.toUpperCase()}_ENDPOINT`;
  const url = variables.url(own);
  if (url !== undefined) return { url, setBy: own, asked: true };
  const common = variables.url("OTEL_EXPORTER_OTLP_ENDPOINT");
  const asked = common ?? wishes.endpoint;
  const base = asked ?? USUAL_ENDPOINT;
  const setBy = common === undefined ? "otel.endpoint" : "OTEL_EXPORTER_OTLP_ENDPOINT";
  const found = { setBy, asked: asked !== undefined };
  return { url: protocol === "grpc" ? base : `${base.replace(/\/+$/, "")}/v1/${signal}`, ...found };
}

function queueLimits(variables: Variables, prefix: string, defaults: QueueLimits): QueueLimits {
  const batch = variables.number(`${prefix}_MAX_EXPORT_BATCH_SIZE`) ?? defaults.batch;
  const capacity = variables.number(`${prefix}_MAX_QUEUE_SIZE`) ?? defaults.capacity;
  return {
    batch: Math.min(batch, capacity),
    capacity: Math.min(capacity, batch * MAX_BATCHES),
    delay: variables.number(`${prefix}_SCHEDULE_DELAY`) ?? defaults.delay,
  };
}

class Variables {
  readonly warnings: string[] = [];
  readonly #environment: Environment;

  constructor(environment: Environment) {
    this.#environment = environment;
  }

  text(name: string): string | undefined {
    return this.#environment[name]?.trim() || undefined;
  }

  /** Returns the value of the first of the variables that is set. The next two methods do the same. */
  number(...names: string[]): number | undefined {
    const name = this.#firstSet(names);
    if (name === undefined) return undefined;
    const value = Number(this.text(name));
    if (Number.isInteger(value) && value > 0) return value;
    this.#refuse(`${name}=${this.text(name)} is not a whole number above 0`);
    return undefined;
  }

  url(name: string): string | undefined {
    const text = this.text(name);
    if (text === undefined || URL.canParse(text)) return text;
    this.#refuse(`${name}=${text} is not a URL such as http://127.0.0.1:4318`);
    return undefined;
  }

  /** Returns the content of the file that the variable names. */
  file(...names: string[]): Buffer | undefined {
    const name = this.#firstSet(names);
    if (name === undefined) return undefined;
    try {
      return readOutsideNow(this.text(name)!, LARGEST_FILE);
    } catch (error) {
      this.#refuse(`${name}: ${(error as Error).message}`);
      return undefined;
    }
  }

  oneOf<Value extends string>(values: readonly Value[], ...names: string[]): Value | undefined {
    const name = this.#firstSet(names);
    if (name === undefined) return undefined;
    const value = values.find((candidate) => candidate === this.text(name));
    if (value === undefined) this.#refuse(`${name}=${this.text(name)} is none of ${values.join(", ")}`);
    return value;
  }

  #firstSet(names: string[]): string | undefined {
    return names.find((name) => this.text(name) !== undefined);
  }

  #refuse(what: string): void {
    this.warn(`${what}; weir goes on as if it were not set`);
  }

  warn(sentence: string): void {
    if (!this.warnings.includes(sentence)) this.warnings.push(sentence);
  }
}
