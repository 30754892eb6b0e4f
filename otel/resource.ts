/**
 * Describes the sender: the host, its operating system, and weir on it. Everything is read from files; nothing is asked over the
 * network.
 */

import { createHash, randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { arch, hostname, release } from "node:os";
import manifest from "../package.json" with { type: "json" };

/** The namespace that the semantic conventions give for instance ids that are made from something stable. */
const INSTANCE_NAMESPACE = "4d63009a8d0f11eeaad74c796ed8e320";

export function resourceAttributes(): Record<string, string> {
  const machine = readText("/etc/machine-id")?.trim() || undefined;
  const os = osRelease(readText("/etc/os-release") ?? "");
  return {
    "service.name": manifest.name,
    "service.version": manifest.version,
    "service.instance.id": machine === undefined ? randomUUID() : instanceId(machine),
    "host.name": hostname(),
    "host.arch": arch() === "x64" ? "amd64" : arch(),
    ...(machine !== undefined && { "host.id": machine }),
    "os.type": "linux",
    "os.build_id": release(),
    ...(os["NAME"] !== undefined && { "os.name": os["NAME"] }),
    ...(os["VERSION_ID"] !== undefined && { "os.version": os["VERSION_ID"] }),
    ...(os["PRETTY_NAME"] !== undefined && { "os.description": os["PRETTY_NAME"] }),
  };
}

/** One weir runs on a host, so its id may outlive a restart: the series in a metrics store then go on instead of starting anew. */
function instanceId(machine: string): string {
  const hash = createHash("sha1")
    .update(Buffer.from(INSTANCE_NAMESPACE, "hex"))
    .update(`${manifest.name} ${machine}`)
    .digest()
    .subarray(0, 16);
  hash[6] = (hash[6]! & 0x0f) | 0x50; // version 5
  hash[8] = (hash[8]! & 0x3f) | 0x80; // variant of RFC 9562
  return hash.toString("hex").replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}

function osRelease(text: string): Record<string, string> {
  const pairs = text
    .split("\n")
    .map((line) => /^([A-Z_]+)="?(.*?)"?$/.exec(line))
    .filter((match) => match !== null);
  return Object.fromEntries(pairs.map(([, name, value]) => [name!, value!]));
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined; // a minimal container has neither file, so the attributes are left out
  }
}
