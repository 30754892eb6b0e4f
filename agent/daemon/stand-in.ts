/**
 * Chooses the configuration of a start whose own one is refused: the last good one, or without any the built-in defaults, which
 * only observe. Neither of them switches to prevent if prevent was not in force.
 */

import { isAbsolute } from "node:path";

import { defaultConfig } from "../../config/defaults.ts";
import { LARGEST_FILE } from "../files/file.ts";
import { readOutside } from "../files/outside-file.ts";
import { timesOf } from "../files/watch.ts";
import type { WeirConfig } from "../../config/types.ts";
import { lastGoodPath } from "../../config/last-good.ts";
import { type Load, override, type Settings, type SettingsOptions, settingsOf } from "../../config/settings.ts";

/** The agent keeps its files in these places, and listens on this socket. */
export type Places = Pick<WeirConfig, "state_dir" | "control_socket" | "audit">;

/**
 * `places` are those that are in use already. Without them the places of the last good configuration are used, or those that the
 * refused file names.
 */
export async function standInFor(
  path: string,
  options: SettingsOptions,
  load: Load,
  problems: string[],
  places?: Places,
): Promise<Settings> {
  const times = await timesOf(path);
  const base = override({ ...defaultConfig(), ...(places ?? (await placesIn(path))) }, options);
  const loaded = await load(lastGoodPath(base.state_dir, path), path);
  if (loaded.ok) {
    const settings = settingsOf(loaded, path, options, times);
    return {
      ...settings,
      config: { ...settings.config, ...places, state_dir: base.state_dir },
      refused: { problems, inForce: "last good" },
    };
  }
  return {
    config: { ...base, mode: "detect" },
    path,
    times,
    sourceOf: () => "built-in",
    warnings: [],
    refused: { problems, inForce: "built-in" },
  };
}

/** A file that is refused is not understood, so only whole lines with nothing but a path are used. */
async function placesIn(path: string): Promise<Partial<Places>> {
  const text = await readOutside(path, LARGEST_FILE).then(
    ({ bytes }) => bytes.toString("utf8"),
    () => "",
  );
  const find = (pattern: RegExp): string | undefined => {
    const found = pattern.exec(text)?.[1];
    return found !== undefined && isAbsolute(found) ? found : undefined;
  };
  const [state, socket] = ["state_dir", "control_socket"].map((key) =>
    find(new RegExp(`^${key}:[ \\t]*["']?([^\\s"'#]+)["']?[ \\t]*$`, "m")),
  );
  const audit =
    find(/^audit:[ \t]*\{(?:[^{}\n]*,)?[ \t]*path:[ \t]*["']?([^\s"'#,{}]+)["']?[ \t]*[,}]/m) ??
    find(/^audit:[ \t]*\n(?:[ \t].*\n)*?[ \t]+path:[ \t]*["']?([^\s"'#]+)["']?[ \t]*$/m);
  return {
    ...(state === undefined ? {} : { state_dir: state }),
    ...(socket === undefined ? {} : { control_socket: socket }),
    ...(audit === undefined ? {} : { audit: { ...defaultConfig().audit, path: audit } }),
  };
}
