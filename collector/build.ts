/**
 * Builds the collector of manifest.yaml with ocb, once, and prints where it is:
 * `node collector/build.ts`.
 */

import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { readFile, rename, rm } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { promisify } from "node:util";
import { cached } from "./cache.ts";

const run = promisify(execFile);

const OCB = "go.opentelemetry.io/collector/cmd/builder@v0.164.0";
const MANIFEST = join(import.meta.dirname, "manifest.yaml");
/** Minor version of Go 1 that ocb asks for. */
const GO_MINIMUM = 26;

/** Path of the collector's binary. */
export async function buildCollector(): Promise<string> {
  const directory = await cached("collector", OCB + (await readFile(MANIFEST, "utf8")), make);
  return join(directory, "weir-collector");
}

async function make(directory: string): Promise<void> {
  const go = await findGo();
  // CGO off: the binary needs nothing from the machine it is copied to. The path: ocb calls `go` by name.
  const env = { ...process.env, CGO_ENABLED: "0", PATH: `${join(go, "..")}${delimiter}${process.env["PATH"]}` };
  try {
    await run(go, ["run", OCB, "--config", MANIFEST], { cwd: directory, env, maxBuffer: 64 << 20 });
  } catch (error) {
    const said = (error as { stderr?: string }).stderr?.trim().split("\n").slice(-15).join("\n");
    throw new Error(`the collector could not be built (the Go module proxy must be reachable, and about 1 GB free):\n${said ?? error}`);
  }
  await rename(join(directory, "out", "weir-collector"), join(directory, "weir-collector"));
  await rm(join(directory, "out"), { recursive: true });
}

/** Why the collector cannot be built here, or undefined when it can. */
export async function missingForBuild(): Promise<string | undefined> {
  return findGo().then(
    () => undefined,
    (error: Error) => error.message,
  );
}

async function findGo(): Promise<string> {
  const places = [...(process.env["PATH"] ?? "").split(delimiter), "/usr/local/go/bin"].map((place) => join(place, "go"));
  const found: string[] = [];
  for (const go of places.filter((place) => existsSync(place))) {
    const { stdout } = await run(go, ["env", "GOVERSION"]);
    if (Number(/^go1\.(\d+)/.exec(stdout)?.[1]) >= GO_MINIMUM) return go;
    found.push(`${go} is ${stdout.trim()}`);
  }
  const seen = found.length > 0 ? `; ${found.join(", ")}` : "";
  throw new Error(`building the collector needs Go 1.${GO_MINIMUM} or newer in the PATH or in /usr/local/go${seen}. Get it from https://go.dev/dl`);
}

if (import.meta.main) {
  try {
    console.log(await buildCollector());
  } catch (error) {
    console.error((error as Error).message);
    process.exitCode = 1;
  }
}
