/**
 * Builds the collector of manifest.yaml with ocb, once, and prints its path: `node collector/build.ts`. `node collector/build.ts
 * check` only reports whether there is a Go to build it with.
 */

import { execFile } from "node:child_process";
import { existsSync, globSync } from "node:fs";
import { readFile, rename, rm } from "node:fs/promises";
import { delimiter, dirname, join } from "node:path";
import { promisify } from "node:util";
import { cached } from "./cache.ts";

const run = promisify(execFile);

const OCB = "go.opentelemetry.io/collector/cmd/builder@v0.164.0";
const MANIFEST = join(import.meta.dirname, "manifest.yaml");
/** The minor version of Go 1 that ocb needs. */
const GO_MINIMUM = 26;
/** A Go of this minor version or later fetches the toolchain that GOTOOLCHAIN names from the module proxy. */
const GO_FETCHES = 21;
const GO_TOOLCHAIN = "go1.27.3";

interface Go {
  path: string;
  env: NodeJS.ProcessEnv;
}

/** Returns the path of the collector's binary. */
export async function buildCollector(): Promise<string> {
  const directory = await cached("collector", OCB + (await readFile(MANIFEST, "utf8")), make);
  return join(directory, "weir-collector");
}

async function make(directory: string): Promise<void> {
  const go = await findGo();
  // CGO is off, so the binary needs nothing of the machine to which it is copied. The path is set because ocb calls `go` by name.
  const env = { ...process.env, ...go.env, CGO_ENABLED: "0", PATH: `${dirname(go.path)}${delimiter}${process.env["PATH"]}` };
  try {
    await run(go.path, ["run", OCB, "--config", MANIFEST], { cwd: directory, env, maxBuffer: 64 << 20 });
  } catch (error) {
    const said = (error as { stderr?: string }).stderr?.trim().split("\n").slice(-15).join("\n");
    throw new Error(`the collector could not be built (the Go module proxy must be reachable, and about 1 GB free):\n${said ?? error}`);
  }
  await rename(join(directory, "out", "weir-collector"), join(directory, "weir-collector"));
  await rm(join(directory, "out"), { recursive: true });
}

/** Explains why the collector cannot be built here; undefined if it can. */
export async function missingForBuild(): Promise<string | undefined> {
  return findGo().then(
    () => undefined,
    (error: Error) => error.message,
  );
}

async function findGo(): Promise<Go> {
  const places = [...(process.env["PATH"] ?? "").split(delimiter), "/usr/local/go/bin", ...globSync("/usr/lib/go-1.*/bin")].map((place) =>
    join(place, "go"),
  );
  const found: { path: string; minor: number }[] = [];
  for (const path of places.filter((place) => existsSync(place))) {
    const { stdout } = await run(path, ["env", "GOVERSION"], { env: { GOTOOLCHAIN: "local", ...process.env } });
    found.push({ path, minor: Number(/^go1\.(\d+)/.exec(stdout)?.[1]) });
  }
  const current = found.find(({ minor }) => minor >= GO_MINIMUM);
  if (current !== undefined) return { path: current.path, env: {} };
  const fetching = found.find(({ minor }) => minor >= GO_FETCHES);
  if (fetching !== undefined) return { path: fetching.path, env: { GOTOOLCHAIN: GO_TOOLCHAIN } };
  const seen = found.map(({ path, minor }) => `; ${path} is Go 1.${minor}`).join("");
  throw new Error(
    `building the collector needs Go 1.${GO_MINIMUM}, or one from 1.${GO_FETCHES} on that fetches it, in the PATH, in /usr/local/go or in /usr/lib/go-1.*${seen}. 'sh agent/setup/setup.sh test' installs one`,
  );
}

if (import.meta.main) {
  try {
    console.log(process.argv[2] === "check" ? (await findGo()).path : await buildCollector());
  } catch (error) {
    console.error((error as Error).message);
    process.exitCode = 1;
  }
}
