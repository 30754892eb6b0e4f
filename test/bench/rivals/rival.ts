/** What is compared: something that holds rules or addresses in a namespace of its own, and drops what they name. */

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import type { Lab } from "../../harness/netns.ts";
import { MemoryGroup } from "../memory-group.ts";
import type { Timed } from "./timed-child.ts";

export interface Rival extends AsyncDisposable {
  /** Until they are in force; whatever was loaded before is gone. */
  load(count: number): Promise<void>;
  /** One more than what is loaded, and away again, in seconds each. */
  change(): Promise<{ add: number; remove: number }>;
  /** How long that many take to be read from a file; the memory of what reads them, and of what stays. */
  loadedIn(count: number): Promise<Loading>;
  unload(): Promise<void>;
}

export interface Loading {
  seconds: number;
  /** The most that the loading command, or the agent, had resident. */
  peakMB: number;
  /** Of what goes on running. */
  residentMB: number;
  kernelMB: number;
}

export interface Contestant {
  /** In tables and plots. */
  name: string;
  /** Of its namespace, which is the name of a device, too. */
  namespace: string;
  /** More cannot be held. */
  most?: number;
  /** Nothing but the hook is another than that of one before, so that it is loaded and changed in the same way. */
  sameBut?: "the hook";
  open(site: Site): Promise<Rival>;
}

/** A namespace, with a folder for what is loaded there and a group for what loads it. */
export class Site implements Disposable {
  readonly lab: Lab;
  readonly namespace: string;
  readonly #folder = mkdtempSync(join(tmpdir(), "weir-bench-"));
  /** Of whatever holds something here. */
  readonly memory = new MemoryGroup();

  constructor(lab: Lab, namespace: string) {
    this.lab = lab;
    this.namespace = namespace;
  }

  /** By its path. */
  write(name: string, text: string): string {
    const path = join(this.#folder, name);
    writeFileSync(path, text);
    return path;
  }

  /** A command of the shell. */
  async timed(command: string): Promise<Timed> {
    return JSON.parse(
      await this.lab.exec(
        this.namespace,
        ...this.memory.prefix,
        process.execPath,
        join(import.meta.dirname, "timed-child.ts"),
        "sh",
        "-c",
        command,
      ),
    ) as Timed;
  }

  [Symbol.dispose](): void {
    this.memory[Symbol.dispose]();
    rmSync(this.#folder, { recursive: true });
  }
}

/** A rival that is driven by commands of the shell, and leaves nothing running. */
export interface Commands {
  /** Writes down that many, and says what loads them in place of what may be there. */
  load(count: number): string;
  add: string;
  remove: string | (() => string);
  /** Whatever is there. */
  unload: string;
}

export function commandRival(site: Site, commands: Commands): Rival {
  const load = (count: number): Promise<Timed> => site.timed(commands.load(count));
  const unload = async (): Promise<void> => {
    await site.timed(commands.unload);
  };
  return {
    async load(count) {
      await load(count);
    },
    async loadedIn(count) {
      await unload();
      const before = site.memory.kernelMB();
      const timed = await load(count);
      return { ...timed, residentMB: 0, kernelMB: site.memory.kernelMB() - before };
    },
    async change() {
      const { seconds: add } = await site.timed(commands.add);
      const { seconds: remove } = await site.timed(typeof commands.remove === "string" ? commands.remove : commands.remove());
      return { add, remove };
    },
    unload,
    [Symbol.asyncDispose]: unload,
  };
}
