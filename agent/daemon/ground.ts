/** A start lays this ground, and the agent runs on it. */

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
  /** Refuses to start where the configuration is refused. */
  strict?: boolean;
  /** Seconds that the start may take. */
  startWithin?: number;
  onStop?: OnStop;
  /** The systemd unit that the agent is. */
  unit?: string | undefined;
  /** Called when the agent runs; the live view starts here. */
  onReady?: (control: AgentControl) => { close(): void };
}

/** Holds all that a start has read, claimed and opened. */
export interface Ground extends Prepared {
  options: RunOptions;
  deadline: StartDeadline;
  log: Log;
  signals: Signals;
  claim: SocketClaim;
  /** Rules whose time was over before this start. */
  ended: readonly DynamicRule[];
  library: SetLibrary;
}
