/** A capture file, read whole and within bounds. */

import { open } from "node:fs/promises";
import { constants } from "node:fs";
import { CaptureError, LARGEST_CAPTURE } from "./pcap.ts";

export async function readCaptureFile(path: string): Promise<Uint8Array> {
  try {
    // Without O_NONBLOCK, opening a pipe waits for its other end.
    await using file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
    const stats = await file.stat();
    if (!stats.isFile()) throw new CaptureError("this is not a file");
    if (stats.size > LARGEST_CAPTURE) throw new CaptureError(`the capture has ${Math.ceil(stats.size / 1024 / 1024)} MB; at most ${LARGEST_CAPTURE / 1024 / 1024} MB are read`);
    return await file.readFile();
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (error instanceof CaptureError) throw error;
    throw new CaptureError(code === "ENOENT" ? "no such file" : code === "EACCES" ? "the file cannot be read by this user" : message);
  }
}
