/** Reads a capture file whole and within a size limit. */

import { readOutside } from "../../files/outside-file.ts";
import { CaptureError, LARGEST_CAPTURE } from "./pcap.ts";

export async function readCaptureFile(path: string): Promise<Uint8Array> {
  try {
    return (await readOutside(path, LARGEST_CAPTURE)).bytes;
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    throw new CaptureError(code === "ENOENT" ? "no such file" : code === "EACCES" ? "the file cannot be read by this user" : message);
  }
}
