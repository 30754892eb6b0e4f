/** Runs inside a namespace: one small datagram to each port from `first` on, `count` of them, as fast as it goes. */

import { createSocket } from "node:dgram";

const [address = "", first = "0", count = "0"] = process.argv.slice(2);
const AT_ONCE = 500;

const socket = createSocket("udp4");
socket.on("error", () => {}); // "nobody listens there" is what most of them answer
let next = Number(first);
const end = next + Number(count);
burst();

function burst(): void {
  const until = Math.min(next + AT_ONCE, end);
  let open = until - next;
  for (; next < until; next++) {
    socket.send("x", next, address, () => {
      if (--open > 0) return;
      if (next < end) burst();
      else socket.close();
    });
  }
}
