/** The settings, files and parts that a start prepares, and on which the agent then runs. */

import type { SettingsOptions } from "../../config/settings.ts";
import type { SocketClaim } from "../api/socket.ts";
import type { DynamicRule } from "../enforce/dynamic/rule.ts";
import type { Prepared } from "../enforce/enforcement.ts";
import type { SetLibrary } from "../enforce/sets/library.ts";
import type { AgentControl } from "../service/contract.ts";
import type { OnStop } from "./farewell.ts";
import type { Log } from "./log.ts";
import type { Signals } from "./signals.ts";
import type { StartDeadline } from "./start-deadline.ts";

export interface RunOptions extends SettingsOptions {
  /** Refuses to start if the configuration is refused. */
  strict?: boolean;
  /** The seconds that the start may take. */
  startWithin?: number;
  onStop?: OnStop;
  /** The systemd unit of the agent. */
  unit?: string | undefined;
  /** Called when the agent runs; the live view starts here. */
  onReady?: (control: AgentControl) => { close(): void };
}

/** Holds everything that a start has read, claimed and opened. */
export interface Ground extends Prepared {
  options: RunOptions;
  deadline: StartDeadline;
  log: Log;
  signals: Signals;
  claim: SocketClaim;
  /** The rules whose time was over before this start. */
  ended: readonly DynamicRule[];
  library: SetLibrary;
}
