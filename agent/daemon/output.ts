/** Writes whole lines to a stream that may be slow. It never waits, and reports how many lines it had to leave out. */

import { counted } from "../values/count.ts";

const LARGEST_BACKLOG = 1024 * 1024;

/**
 * A terminal that is held (Ctrl-S) would otherwise stop the whole process, because Node writes to terminals synchronously. libuv
 * opens terminals anew, so this changes nothing for other processes on the same terminal.
 */
export function neverBlock<Stream extends NodeJS.WriteStream>(stream: Stream): Stream {
  const { _handle } = stream as unknown as { _handle?: { setBlocking?: (blocking: boolean) => void } };
  if (stream.isTTY) _handle?.setBlocking?.(false);
  return stream;
}

export class LineOutput {
  #stream: NodeJS.WriteStream;
  #dropped = 0;

  constructor(stream: NodeJS.WriteStream) {
    this.#stream = neverBlock(stream);
  }

  /** The line may be made only when there is room for it. */
  write(line: string | (() => string)): void {
    if (this.#stream.writableLength > LARGEST_BACKLOG) {
      this.#dropped++;
      return;
    }
    if (this.#dropped > 0) {
      this.#stream.write(`(${counted(this.#dropped, "line was", "lines were")} not shown: the reader is too slow)\n`);
      this.#dropped = 0;
    }
    this.#stream.write(`${typeof line === "string" ? line : line()}\n`);
  }
}
