/** For whom a request is, and what it asks for. */

import type { Http } from "../../transaction.ts";
import { NotDecided } from "../../undecided.ts";
import { type Fields, TOKEN } from "./fields.ts";

const HOST = /^(\[[0-9a-f:.]+\]|[a-z0-9_~-]+(?:\.[a-z0-9_~-]+)*\.?)(?::\d*)?$/;
const ABSOLUTE = /^https?:\/\/([^/?]*)(.*)$/i;

/** Returns the host of an authority in lower case, without its port and the dot at its end. */
function hostOf(authority: string): string {
  const found = HOST.exec(authority.toLowerCase());
  if (found === null) throw new NotDecided("ambiguous");
  return found[1]!.replace(/\.$/, "");
}

/** Notes the one host that the authority of a target and all the fields named Host agree in. */
export function addHost(http: Http, fields: Fields, authority?: string): void {
  const named = [...(authority === undefined ? [] : [authority]), ...fields.all("host")];
  const hosts = new Set(named.map((one) => (one === "" ? "" : hostOf(one))));
  if (hosts.size > 1) throw new NotDecided("ambiguous");
  const [host] = hosts;
  if (host !== undefined && host !== "") http.host = host;
}

/** Notes method and path. Returns the authority that the target names. */
export function addTarget(http: Http, method: string, target: string): string | undefined {
  http.method = method;
  if (method !== "CONNECT") http.path = target;
  if (!TOKEN.test(method)) throw new NotDecided("malformed");
  if (target.includes("#")) throw new NotDecided("ambiguous");
  if (method === "CONNECT") {
    if (!/:\d+$/.test(target)) throw new NotDecided("malformed");
    return target;
  }
  if (target.startsWith("/") || (target === "*" && method === "OPTIONS")) return undefined;
  const absolute = ABSOLUTE.exec(target);
  if (absolute === null) throw new NotDecided("malformed");
  const [, authority, rest] = absolute;
  http.path = rest!.startsWith("/") ? rest! : `/${rest}`;
  return authority;
}
