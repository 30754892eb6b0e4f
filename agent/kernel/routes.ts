/** Asks the kernel which device sends the packets to an address. */

import { closeSync } from "node:fs";

import { attribute, attributes, getRequest, messages, RTM_GETROUTE, RTM_NEWROUTE, viewOf } from "./netlink.ts";
import { DATAGRAM, NETLINK_ROUTE, openNetlink } from "./netlink-socket.ts";
import { check, libc } from "./syscall.ts";

const AF_INET = 2;
const AF_INET6 = 10;
/** The size of struct rtmsg in bytes. */
const ROUTE_HEADER = 12;
const Attribute = { DESTINATION: 1, DEVICE: 4 } as const;

/** Returns the index of the device through which the host reaches the address (4 or 16 bytes); undefined if there is no route. */
export function deviceTowards(address: Uint8Array): number | undefined {
  const operation = "ask for the route to an address";
  const fd = openNetlink(operation, NETLINK_ROUTE);
  try {
    const header = Buffer.alloc(ROUTE_HEADER);
    header[0] = address.length === 4 ? AF_INET : AF_INET6;
    header[1] = 8 * address.length;
    const request = getRequest(RTM_GETROUTE, 1, Buffer.concat([header, attribute(Attribute.DESTINATION, address)]));
    check(operation, libc().send(fd, request, request.length, 0));
    const datagram = Buffer.allocUnsafe(DATAGRAM);
    const length = check(operation, libc().recv(fd, datagram, datagram.length, 0));
    const route = [...messages(datagram.subarray(0, length))].find(({ type }) => type === RTM_NEWROUTE);
    const device = route && attributes(route.body.subarray(ROUTE_HEADER)).get(Attribute.DEVICE);
    return device === undefined || device.length < 4 ? undefined : viewOf(device).getUint32(0, true);
  } finally {
    closeSync(fd);
  }
}
