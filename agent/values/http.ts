/**
 * HTTP of Node.js. Nobody imports "node:http" itself: an import of it reads all it exports, `WebSocket` among them, and so loads a whole
 * second HTTP client (undici), which takes longer than all else that a command does.
 */

import type { Agent as NodeAgent } from "node:http";

export const { Agent, createServer, request } = process.getBuiltinModule("node:http");
export type Agent = NodeAgent;
