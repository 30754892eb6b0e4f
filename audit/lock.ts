/**
 * Allows one writer for each log. The kernel holds the lock for as long as the descriptor is open, so a killed writer leaves none
 * behind and no process id has to be trusted.
 */

import { constants } from "node:fs";
import { type FileHandle, lstat, open, unlink } from "node:fs/promises";
import koffi from "koffi";
import { AuditRefusal } from "./file.ts";

const flock = koffi.load(null).func("int flock(int fd, int operation)") as (fd: number, operation: number) => number;
/** A holder that ends removes the file, and the next one creates it again. */
const ATTEMPTS = 20;
const PID_LENGTH = 20;
const LOCK_EXCLUSIVE_OR_FAIL = 2 | 4;

export class Lock {
  #path: string;
  #file: FileHandle;

  private constructor(path: string, file: FileHandle) {
    this.#path = path;
    this.#file = file;
  }

  static async acquire(path: string): Promise<Lock> {
    const { O_RDWR, O_CREAT, O_NOFOLLOW, O_NONBLOCK } = constants;
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const file = await open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK, 0o600);
      try {
        if (!(await file.stat()).isFile())
          throw new Error(`${path} is not a regular file, and weir locks nothing else; choose another folder, or find out what it is`);
        if (flock(file.fd, LOCK_EXCLUSIVE_OR_FAIL) !== 0) {
          const holder = (await file.read(Buffer.alloc(PID_LENGTH), 0, PID_LENGTH, 0)).buffer.toString("latin1").replace(/\0+$/, "").trim();
          throw new AuditRefusal(
            `process ${holder || "(unknown)"} already writes this audit log (${path}); stop it, or choose another audit.path`,
          );
        }
        // The previous holder may have removed the file between the open and the lock; then the lock guards nothing.
        if (await isStill(path, file)) {
          await file.truncate(0);
          await file.write(`${process.pid}\n`, 0);
          return new Lock(path, file);
        }
      } catch (error) {
        await file.close();
        throw error;
      }
      await file.close();
    }
    throw new Error(`${path} is replaced again and again, or its file system gives files another number each time`);
  }

  async release(): Promise<void> {
    // If the disk fails, the file stays behind and means nothing: the lock itself ends with the descriptor.
    if (await isStill(this.#path, this.#file).catch(() => false)) await unlink(this.#path).catch(() => {});
    await this.#file.close().catch(() => {});
  }
}

async function isStill(path: string, file: FileHandle): Promise<boolean> {
  const [mine, there] = await Promise.all([file.stat(), lstat(path).catch(() => null)]);
  return there !== null && mine.ino === there.ino && mine.dev === there.dev;
}
