/** What metrics say of system calls, against what processes really called, also of one that does its best to make them many. */

import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";

import { MOST_PROGRAMS } from "../../agent/observe/enrich/program-names.ts";
import { type Series, readSeries } from "../collector/exposition.ts";
import { AgentHome } from "../harness/agent.ts";
import { eventually } from "../harness/eventually.ts";
import { type Lab, makeLab } from "../harness/netns.ts";
import { requires, root, tool } from "../harness/require.ts";

const [CLOSED, TAKEN] = [7201, 7202];
const NAMES = 5000;
/** Of this run: tracepoints show the calls of the whole host, with those of tests that run beside this one. */
const PROGRAM = `figures-${process.pid % 100_000}`;
const config = (calls: string): string => `interfaces: { include: [eth0] }\nprobes: { system_calls: ${calls} }\n`;

describe("figures of system calls", requires(root(), tool("perl", "perl-base")), () => {
  let lab: Lab;
  let agent: AgentHome;

  before(async () => {
    lab = await makeLab();
    agent = await AgentHome.make(lab, "server");
    await agent.start({ config: config("on") });
    await traced("on");
  });

  after(async () => {
    await agent[Symbol.asyncDispose]();
    await lab[Symbol.asyncDispose]();
  });

  const traced = (state: "on" | "off") =>
    eventually(`they are ${state}`, async () => (await agent.status()).probes.system_calls.state === state);

  /** Perl under this name: the kernel's name of a process follows `$0`. */
  const perl = (name: string, code: string): Promise<string> =>
    lab.exec(
      "server",
      "perl",
      "-MSocket",
      "-e",
      `$0 = "${name}"; socket(S, AF_INET, SOCK_STREAM, 6); sub to { pack_sockaddr_in($_[0], INADDR_LOOPBACK) } ${code}`,
    );

  interface Read {
    text: string;
    calls: Series[];
  }

  async function read(): Promise<Read> {
    const text = await agent.weir("metrics");
    return { text, calls: readSeries(text).filter(({ name }) => name === "weir_system_calls_total") };
  }

  function count({ text }: Read, labels: string): number {
    const line = text.split("\n").find((one) => one.startsWith(`weir_system_calls_total{${labels}} `));
    return Number(line?.split(" ").at(-1) ?? 0);
  }

  const of = (call: string, program: string, error?: string): string =>
    `weir_system_call="${call}",process_executable_name="${program}"${error === undefined ? "" : `,error_type="${error}"`}`;

  it("say which program made which call, and how it ended", async () => {
    await perl(PROGRAM, `connect(S, to(${CLOSED})) for 1..3; bind(S, to(${TAKEN})) or die; listen(S, 1) or die; bind(S, to(${TAKEN}))`);
    const told = await read();
    assert.deepEqual(
      [of("connect", PROGRAM, "ECONNREFUSED"), of("bind", PROGRAM), of("bind", PROGRAM, "EINVAL"), of("listen", PROGRAM)].map((labels) =>
        count(told, labels),
      ),
      [3, 1, 1, 1],
    );
    assert.equal(count(told, of("connect", PROGRAM)), 0, "none succeeded");
  });

  it("say of a program that does not wait for its connection that the call succeeds, and the connection fails", async () => {
    const there = lab.end("client:eth0").ipv4;
    await perl(
      PROGRAM,
      `use Fcntl; fcntl(S, F_SETFL, O_NONBLOCK); connect(S, pack_sockaddr_in(${CLOSED}, inet_aton("${there}"))); select(undef, undef, undef, 0.3)`,
    );
    const refused = `weir_socket_failures_total{weir_socket_event="connect_refused",process_executable_name="${PROGRAM}",error_type="ECONNREFUSED"}`;
    const told = await eventually("its failure, and the three of before", async () => {
      const one = await read();
      return one.text.split("\n").includes(`${refused} 4`) && one;
    });
    assert.equal(count(told, of("connect", PROGRAM, "EINPROGRESS")), 1);
    assert.equal(count(told, of("connect", PROGRAM, "ECONNREFUSED")), 3);
  });

  it("stay few and small, and miss no call, whatever names a process takes, and still tell of those that were there before", async () => {
    const before = await read();
    await perl("", `for (1..${NAMES}) { $0 = "evil-$_"; connect(S, pack("S x14", 99)) }`); // no such family
    const flooded = await read();
    const programs = new Set(flooded.calls.map(({ labels }) => labels["process_executable_name"]));
    assert.ok(programs.size <= MOST_PROGRAMS && programs.has("other") && programs.has(PROGRAM), `${programs.size} programs`);
    assert.ok(sumOf(flooded) >= sumOf(before) + NAMES, `${sumOf(flooded)} calls after ${sumOf(before)}`);
    assert.ok(count(flooded, of("connect", "other", "EAFNOSUPPORT")) > 0, "not all have a name");
    assert.ok(flooded.text.length < before.text.length + 60_000, `${flooded.text.length} bytes instead of ${before.text.length}`);
    const grown = valueOf(flooded, "process_memory_usage_bytes") - valueOf(before, "process_memory_usage_bytes");
    assert.ok(grown < 64e6, `${grown} bytes more memory`);

    await perl(PROGRAM, 'connect(S, pack("S x14", 99))');
    const later = await read();
    assert.equal(count(later, of("connect", PROGRAM, "EAFNOSUPPORT")), 1);
  });

  /** Calls with the flood's error, of all programs. */
  function sumOf({ text }: Read): number {
    const line = /^weir_system_calls_total\{weir_system_call="connect",[^}]*error_type="EAFNOSUPPORT"\} (\d+)$/gm;
    return [...text.matchAll(line)].reduce((sum, [, value]) => sum + Number(value), 0);
  }

  const valueOf = ({ text }: Read, name: string): number => Number(new RegExp(`^${name}(?:\\{[^}]*\\})? (.+)$`, "m").exec(text)?.[1]);

  it("stand still while system calls are not traced, and say so", async () => {
    const told = await read();
    assert.match(told.text, /^weir_system_calls_traced\{weir_system_calls_state="on"\} 1$/m);
    await agent.configure(config("off"));
    await traced("off");
    const before = await read();
    await perl(PROGRAM, `connect(S, to(${CLOSED}))`);
    const off = await read();
    assert.equal(count(off, of("connect", PROGRAM, "ECONNREFUSED")), count(before, of("connect", PROGRAM, "ECONNREFUSED")));
    assert.match(off.text, /^weir_system_calls_traced\{weir_system_calls_state="off"\} 1$/m);
    assert.equal(valueOf(off, "weir_system_calls_added_time_seconds"), 0);
    await agent.configure(config("on"));
    await traced("on");
    await perl(PROGRAM, `connect(S, to(${CLOSED}))`);
    assert.equal(count(await read(), of("connect", PROGRAM, "ECONNREFUSED")), 4);
  });
});
