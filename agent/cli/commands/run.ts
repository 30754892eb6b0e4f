import { readDuration } from "../../values/duration.ts";
import type { OnStop } from "../../daemon/farewell.ts";
import { START_WITHIN_S } from "../../daemon/start-deadline.ts";
import { type Call, type Command, meant, UsageError } from "../arguments.ts";
import { Refusal } from "../../values/refusal.ts";

const ON_STOP: readonly OnStop[] = ["detach", "hand-over"];
const LAST_LINES_MS = 1_000;
const FAILED = 1;

export const command: Command = {
  usage:
    "run [--config FILE] [--socket PATH] [--state-dir PATH] [--start-within DURATION] [--strict] [--on-stop detach|hand-over] [--unit NAME] [--no-view]",
  about:
    "Runs the agent in the foreground until Ctrl-C or SIGTERM, and then detaches its programs. Without a configuration the " +
    "agent watches every interface and drops nothing. If the configuration is refused, the last good one stays in force; if " +
    "there is none, the agent watches with its defaults until you correct the file. With --strict the start fails instead. On " +
    "a terminal `weir run` shows a live view, which q ends; elsewhere it prints a line for each event. With --on-stop " +
    "hand-over the rules stay in force after the stop until the next agent takes over, for `hand_over_for` (120s) at most. " +
    "A second Ctrl-C or SIGTERM, or weir detach, ends that at once.",
  options: {
    config: { value: "FILE", about: "the configuration (/etc/weir/weir.yaml where it exists)" },
    socket: { value: "PATH", about: "where to make the control socket (or WEIR_CONTROL_SOCKET)" },
    "state-dir": { value: "PATH", about: "folder for what must survive a restart (or WEIR_STATE_DIR)" },
    "start-within": {
      value: "DURATION",
      about: `how long the start may take (${START_WITHIN_S}s; a second more for each MB of rules and lists, and longer while other programs use the processors)`,
    },
    strict: { about: "do not start if the configuration is refused" },
    "on-stop": { value: "detach|hand-over", about: "whether rules and bans end or stay when the agent is stopped (detach)" },
    unit: { value: "NAME", about: "the agent's systemd unit: hand over only if systemd will start it again" },
    "no-view": { about: "print nothing but the log, on stderr" },
  },
  examples: [
    ["weir run", "watch, with the live view"],
    ["weir run --config weir.yaml", "with the rules of a file"],
    ["weir run --no-view 2>weir.log", "as a service does"],
    ["weir run --no-view --on-stop hand-over", "as a container does that is replaced by another"],
  ],
  async run(call) {
    if (process.geteuid!() !== 0) {
      throw new Refusal("Loading programs into the kernel needs root.", { next: "Run the same command as root, for example with sudo." });
    }
    const startWithin = startWithinOf(call);
    const onStop = call.choice("--on-stop", call.text("on-stop") ?? "detach", ON_STOP);
    if (call.has("unit") && onStop === "detach") throw new UsageError("--unit says when to hand over; it goes with --on-stop hand-over");
    const [{ runAgent }, { ConfigRefused }, { RulesRefused }] = await Promise.all([
      import("../../daemon/start.ts"),
      import("../../../config/settings.ts"),
      import("../../policy/compile.ts"),
    ]);
    const { endProcess } = await import("../../kernel/syscall.ts");
    const { startView } = await import("../view.ts");
    try {
      return await runAgent({
        config: call.text("config"),
        socket: call.text("socket"),
        stateDirectory: call.text("state-dir"),
        startWithin,
        strict: call.has("strict"),
        onStop,
        unit: call.text("unit"),
        ...(call.has("no-view") ? {} : { onReady: (control) => startView(control) }),
      });
    } catch (error) {
      if (!(error instanceof ConfigRefused || error instanceof RulesRefused)) throw error;
      throw new Refusal("The configuration is refused:", {
        kind: "invalid",
        details: [...error.problems],
        next: "Correct the file, and try again.",
        cause: error,
      });
    } finally {
      // A terminal that is held would keep the process alive for its last lines, and so would the sockets of a start that failed
      // half-way.
      setTimeout(() => endProcess(Number(process.exitCode ?? FAILED)), LAST_LINES_MS).unref();
    }
  },
};

/** Returns the seconds that a start may take. */
function startWithinOf(call: Call): number {
  const text = call.text("start-within");
  if (text === undefined) return START_WITHIN_S;
  const reading = readDuration(text);
  if ("error" in reading) throw new UsageError(`--start-within: ${reading.error}${meant(reading.suggestion)}`);
  return reading.seconds;
}
