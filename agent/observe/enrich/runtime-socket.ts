/** Lists containers through the Unix sockets of Docker and Podman, which have the same interface (the Docker Engine API). */

import { request } from "../../values/http.ts";
import type { NamesFound, NameSource } from "./container-names.ts";

const TIMEOUT_MS = 2000;
const ANSWER_LIMIT = 1 << 20;
const TEXT_LIMIT = 256;
const ID = /^[0-9a-f]{64}$/;
/** A name is "/web". A name with a second slash is how a linked container calls it. */
const NAME = /^\/?([a-zA-Z0-9][a-zA-Z0-9_.-]*)$/;
const IMAGE = /^[\x21-\x7e]+$/;

/** Other labels are not read, because people put passwords into labels. */
const LABELS: ReadonlySet<string> = new Set([
  "com.docker.compose.project",
  "com.docker.compose.service",
  "com.docker.stack.namespace",
  "com.docker.swarm.service.name",
  "org.opencontainers.image.title",
  "org.opencontainers.image.version",
]);

export function runtimeSocket(path: string): NameSource {
  return {
    async ask(container, end) {
      const filter = container === undefined ? "" : `?all=true&filters=${encodeURIComponent(JSON.stringify({ id: [container] }))}`;
      return readContainers(JSON.parse(await get(path, `/containers/json${filter}`, end)));
    },
  };
}

/** Rejects unless the whole answer arrives in time and within the size limit. */
function get(socketPath: string, path: string, end: AbortSignal): Promise<string> {
  const signal = AbortSignal.any([end, AbortSignal.timeout(TIMEOUT_MS)]);
  return new Promise((resolve, reject) => {
    const asked = request({ socketPath, path, signal, agent: false, headers: { host: "localhost" } }, (answer) => {
      const chunks: Buffer[] = [];
      let length = 0;
      const refuse = (why: string): void => void asked.destroy(new Error(`${socketPath}: ${why}`));
      if (answer.statusCode !== 200) return refuse(`status ${answer.statusCode}`);
      answer.on("data", (chunk: Buffer) => {
        length += chunk.length;
        if (length > ANSWER_LIMIT) refuse("the answer is too long");
        else chunks.push(chunk);
      });
      answer.on("end", () => resolve(Buffer.concat(chunks).toString("utf8")));
      answer.on("error", reject);
    });
    asked.on("error", reject).end();
  });
}

function readContainers(answer: unknown): NamesFound {
  const found: NamesFound = new Map();
  for (const item of Array.isArray(answer) ? answer : []) {
    const { Id: id, Names: names, Image: image, Labels: labels } = (item ?? {}) as Record<string, unknown>;
    if (typeof id !== "string" || !ID.test(id)) continue;
    const [name] = Array.isArray(names) ? names.flatMap((each) => NAME.exec(text(each) ?? "")?.[1] ?? []) : [];
    found.set(id, {
      container: {
        ...optional("name", name),
        ...optional("image", IMAGE.exec(text(image) ?? "")?.[0]),
        ...optional("labels", labelsOf(labels)),
      },
    });
  }
  return found;
}

function labelsOf(labels: unknown): Record<string, string> | undefined {
  if (typeof labels !== "object" || labels === null) return undefined;
  const kept = Object.entries(labels).flatMap(([name, value]) =>
    LABELS.has(name) && text(value) !== undefined ? [[name, value as string] as const] : [],
  );
  return kept.length === 0 ? undefined : Object.fromEntries(kept);
}

function text(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" && value.length <= TEXT_LIMIT ? value : undefined;
}

function optional<Key extends string, Value>(key: Key, value: Value | undefined): { [key in Key]?: Value } {
  return value === undefined ? {} : ({ [key]: value } as { [key in Key]: Value });
}
