/** Finds pods and their containers by the names that kubelet gives their log files. The logs themselves are not read. */

import { readdir } from "node:fs/promises";
import { join } from "node:path";

import { type NamesFound, type NameSource, podKey } from "./container-names.ts";

/** The names look like `web-0_shop_nginx-ID.log` and `shop_web-0_UID`. Names of Kubernetes contain no underscore. */
const CONTAINER_LOG = /^([a-z0-9.-]{1,253})_([a-z0-9-]{1,63})_([a-z0-9-]{1,63})-([0-9a-f]{64})\.log$/;
const POD_FOLDER = /^([a-z0-9-]{1,63})_([a-z0-9.-]{1,253})_([0-9a-f-]{32,36})$/;

export function podFiles(logs = "/var/log"): NameSource {
  return {
    async ask() {
      const found: NamesFound = new Map();
      for (const folder of await listed(join(logs, "pods"))) {
        const [, namespace, name, uid] = POD_FOLDER.exec(folder) ?? [];
        if (namespace !== undefined && name !== undefined && uid !== undefined) found.set(podKey(uid), { pod: { name, namespace } });
      }
      for (const file of await listed(join(logs, "containers"))) {
        const [, name, namespace, container, id] = CONTAINER_LOG.exec(file) ?? [];
        if (name !== undefined && namespace !== undefined && container !== undefined && id !== undefined)
          found.set(id, { container: { name: container }, pod: { name, namespace } });
      }
      return found;
    },
  };
}

function listed(folder: string): Promise<string[]> {
  return readdir(folder).catch(() => []); // this host is not a node of a cluster
}
