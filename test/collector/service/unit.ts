/** What a systemd unit asks for, so far as a process can notice it. A directive that is not known here is refused: it has to be thought about. */

export interface Confinement {
  /** The command of ExecStart, in words. */
  command: string[];
  /** As setpriv(1) names them, without `cap_`. */
  capabilities: string[];
  /** Directories that systemd makes; all but those of the configuration can be written. */
  directories: { path: string; mode: string; writable: boolean }[];
  umask: string;
  /** Paths that stay writable although the rest of the system is not. */
  writable: string[];
  /** AF_... of the sockets that can be made. */
  families: string[];
  /** Names and @groups of system calls that can be made. */
  calls: string[];
  /** What the others end with, as EPERM; the process is killed where none is named. */
  refusal: string | undefined;
}

/** As systemd calls it. */
const UNIT = "weir.service";

/** The imitation does these always. */
const ALWAYS: Record<string, string> = {
  NoNewPrivileges: "yes",
  ProtectSystem: "strict",
  ProtectHome: "read-only",
  PrivateTmp: "yes",
  ProtectHostname: "yes",
  ProtectKernelModules: "yes",
  RestrictNamespaces: "yes",
  SystemCallArchitectures: "native",
};

/** For the service manager; what gives more than a test may have; and what the other limits here take away, too. */
const NOT_IMITATED = [
  "Type",
  "TimeoutStartSec",
  "WatchdogSec",
  "WatchdogSignal",
  "ExecReload",
  "Restart",
  "RestartSec",
  "TimeoutStopSec",
  "KillMode",
  "OOMScoreAdjust",
  "LimitMEMLOCK",
  "LimitNOFILE",
  "DevicePolicy",
  "ProtectClock",
  "ProtectKernelLogs",
  "RestrictRealtime",
  "RestrictSUIDSGID",
  "LockPersonality",
];

const ROOTS: Record<string, string> = { Configuration: "/etc", State: "/var/lib", Cache: "/var/cache", Logs: "/var/log", Runtime: "/run" };

export function confinementOf(unit: string): Confinement {
  const service = serviceSection(unit);
  const take = (name: string): string => {
    const value = service.get(name);
    if (value === undefined) throw new RangeError(`the unit has no ${name}`);
    service.delete(name);
    return value;
  };
  for (const [name, value] of Object.entries(ALWAYS))
    if (take(name) !== value) throw new RangeError(`${name} is not ${value}, as the imitation has it`);
  const words = (name: string): string[] => take(name).split(/\s+/);
  const confinement = {
    command: words("ExecStart").map((word) => word.replace("%n", UNIT)),
    capabilities: words("CapabilityBoundingSet").map((name) => name.replace("CAP_", "").toLowerCase()),
    directories: Object.entries(ROOTS).map(([kind, root]) => ({
      path: `${root}/${take(`${kind}Directory`)}`,
      mode: take(`${kind}DirectoryMode`),
      writable: kind !== "Configuration",
    })),
    umask: take("UMask"),
    writable: words("ReadWritePaths"),
    families: words("RestrictAddressFamilies"),
    calls: words("SystemCallFilter"),
    refusal: service.has("SystemCallErrorNumber") ? take("SystemCallErrorNumber") : undefined,
  };
  for (const name of NOT_IMITATED) service.delete(name);
  if (service.size > 0) throw new RangeError(`nobody said here what becomes of ${[...service.keys()].join(", ")}`);
  return confinement;
}

function serviceSection(unit: string): Map<string, string> {
  const section = /^\[Service\]\n(.*?)(?=^\[)/ms.exec(unit)?.[1] ?? "";
  const lines = section.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
  return new Map(lines.map((line) => [line.slice(0, line.indexOf("=")), line.slice(line.indexOf("=") + 1)]));
}
