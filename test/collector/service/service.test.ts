/** The service starts, sees, drops and stops within the limits its unit sets. */

import assert from "node:assert/strict";
import { test } from "node:test";

import type { Status } from "../../../agent/service/contract.ts";
import type { VerdictEvent } from "../../../agent/observe/events/event.ts";
import { eventually } from "../../harness/eventually.ts";
import { type Lab, makeLab } from "../../harness/netns.ts";
import { requires, root, tool } from "../../harness/require.ts";
import { Service, WEIR_FOR_OTHERS } from "./service.ts";

const here = requires(
  root(),
  tool("systemd-analyze", "systemd"),
  tool("clang", "clang"),
  tool("setpriv", "util-linux"),
  tool("nc.openbsd", "netcat-openbsd"),
);
const SOMEBODY = 12345;
const AUDIT = "/var/log/weir/audit.log";
const PORT = 7023;
const CONFIG = `
version: 1
interfaces: { include: [eth0] }
rules:
  - { name: no-7023, action: block, enforce: true, direction: egress, layer4: { protocol: udp, destination_ports: [${PORT}] } }
`;
/** Bits of CAP_DAC_READ_SEARCH, NET_BROADCAST, NET_ADMIN, SYS_PTRACE, SYS_ADMIN, PERFMON and BPF. */
const RIGHTS = [2n, 11n, 12n, 19n, 21n, 38n, 39n]
  .reduce((all, bit) => all | (1n << bit), 0n)
  .toString(16)
  .padStart(16, "0");

test("within its limits the service detects, drops, goes on after a crash, and leaves nothing when it is stopped", here, async () => {
  await using lab = await makeLab();
  await using service = await Service.install(lab, "server", CONFIG);
  await service.start();
  const { health, interfaces } = await status(service);
  assert.deepEqual(health, { state: "ok", reasons: [] }, service.said);
  assert.deepEqual(
    interfaces.map(({ name, ingress, egress }) => [name, ingress.hook !== "none", egress.hook !== "none"]),
    [["eth0", true, true]],
  );

  const watched = service.exec("weir", "watch", "--rule", "no-7023", "--count", "1", "--json");
  const event = await eventually("an event", async () => {
    await send(lab);
    return Promise.race([watched, undefined]);
  });
  const { type, process } = JSON.parse(event) as VerdictEvent;
  assert.deepEqual([type, process?.uid], ["DETECTED", SOMEBODY]);
  assert.match(process?.executable ?? "", /\/nc\.openbsd$/, "the executable of somebody else's process");
  await service.exec("weir", "mode", "prevent");
  await send(lab);
  await eventually("it drops", async () => (await blocked(service)) === 1);

  assert.equal(await service.stop("SIGKILL"), null);
  await service.start();
  assert.match(await service.exec("grep", " START ", AUDIT), / mode=prevent .* adopted=yes /);
  await send(lab);
  await eventually("it drops again", async () => (await blocked(service)) === 2);

  const stranger = await service.attempt("setpriv", "--reuid", String(SOMEBODY), "--clear-groups", WEIR_FOR_OTHERS, "mode", "detect");
  assert.match(stranger.stderr, /only root may talk to the agent/);
  await eventually("his attempt is told", async () =>
    / REFUSED uid=12345 what="?control socket"? pid=\d+ attempts=1 /.test(await service.exec("cat", AUDIT)),
  );

  service.signal("SIGHUP");
  await eventually("it has read its configuration again", async () => (await status(service)).config.reloads > 0);
  await service.exec("weir", "audit", "verify");

  assert.equal(await service.stop(), 0, service.said);
  assert.equal(await service.exec("find", "/sys/fs/bpf", "-name", "weir*"), "");
});

test("within its limits the service asks systemd whether it is started again: then it hands over, else it lets go", here, async () => {
  await using lab = await makeLab();
  await using service = await Service.install(lab, "server", `${CONFIG}mode: prevent\n`);
  await service.start();
  await service.imitateSystemctl(
    "[ \"$*\" = 'list-jobs --no-legend --plain --full --no-pager -- weir.service' ] && echo '7 weir.service restart running'",
  );
  assert.equal(await service.stop(), 0, service.said);
  assert.match(service.said, /handing over/);
  const left = await service.attempt("weir", "status");
  assert.match(left.stderr, /left its programs in force in mode prevent/);
  await service.start();
  assert.match(await service.exec("grep", " START ", AUDIT), / adopted=yes /);
  await service.imitateSystemctl("echo '8 weir.service stop running'");
  assert.equal(await service.stop(), 0, service.said);
  assert.match(service.said, /nothing of it is left in the kernel/);
  assert.equal(await service.exec("find", "/sys/fs/bpf", "-name", "weir*"), "");
});

test("the service can write nowhere but in its own directories, and has no rights beyond its own", here, async () => {
  await using lab = await makeLab();
  await using service = await Service.install(lab, "server", CONFIG);
  await service.start();
  const facts = await service.exec("cat", `/proc/${service.pid}/status`);
  const expected = {
    Umask: "0077",
    CapPrm: RIGHTS,
    CapEff: RIGHTS,
    CapBnd: RIGHTS,
    CapInh: "0".repeat(16),
    CapAmb: "0".repeat(16),
    NoNewPrivs: "1",
    Seccomp: "2",
  };
  for (const [name, value] of Object.entries(expected)) assert.equal(new RegExp(`^${name}:\\s+(\\w+)$`, "m").exec(facts)?.[1], value, name);
  for (const folder of ["/", "/etc/weir", "/usr", "/var/lib", "/run"])
    assert.notEqual((await service.attempt("touch", `${folder}/weir-was-here`)).code, 0, folder);
  for (const folder of ["/var/lib/weir", "/var/log/weir", "/var/cache/weir", "/run/weir"]) {
    assert.equal((await service.exec("stat", "-c", "%a %u", folder)).trim(), folder === "/run/weir" ? "711 0" : "700 0");
    await service.exec("touch", `${folder}/weir-was-here`);
  }
  assert.notEqual(
    await service.exec("find", "/var/cache/weir", "-mindepth", "1", "-type", "d"),
    "",
    "compiled code is kept for the next start",
  );
  assert.equal(await service.stop(), 0, service.said);
});

// CAP_SYS_ADMIN contains those for BPF: without it each shows what it is for.
for (const [missing, withheld, says] of [
  ["the right to load programs", ["CAP_SYS_ADMIN ", "CAP_BPF "], /load process\.bpf\.o: .*CAP_BPF/],
  ["the right to look into the kernel", ["CAP_SYS_ADMIN ", "CAP_PERFMON "], /load the program weir_\w+ .*CAP_PERFMON/],
  ["the system call of programs and tables", [" bpf"], /open the table .*EPERM/],
  ["netlink", [" AF_NETLINK"], /list the network devices: EAFNOSUPPORT/],
] as const) {
  test(`a unit without ${missing} would not do`, here, async () => {
    await using lab = await makeLab({ namespaces: ["server"], links: [] });
    await using service = await Service.install(lab, "server", CONFIG, (unit) => withheld.reduce(without, unit));
    const outcome = await service.start().then(
      () => healthOf(service),
      ({ message }: Error) => message,
    );
    assert.match(outcome, says);
  });
}

/** Takes a word out of a directive, and not out of a comment. */
function without(unit: string, word: string): string {
  const changed = unit.replace(new RegExp(`^([A-Z]\\w+=.*)${word}`, "m"), "$1");
  assert.notEqual(changed, unit, word);
  return changed;
}

async function healthOf(service: Service): Promise<string> {
  const { state, reasons } = (await status(service)).health;
  return `it is ${state}: ${reasons.join("; ")}`;
}

function send(lab: Lab): Promise<string> {
  return lab.exec(
    "server",
    "setpriv",
    "--reuid",
    String(SOMEBODY),
    "--clear-groups",
    "sh",
    "-c",
    `echo x | nc.openbsd -u -q 1 -w 1 ${lab.end("client:eth0").ipv4} ${PORT}`,
  );
}

async function status(service: Service): Promise<Status> {
  return JSON.parse(await service.exec("weir", "status", "--json")) as Status;
}

async function blocked(service: Service): Promise<number> {
  return (await service.exec("cat", AUDIT)).split(" BLOCKED no-7023 ").length - 1;
}
