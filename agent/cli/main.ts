/** The command line begins here. */

import { cli } from "./cli.ts";

// The reader may stop early, as `head` does.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code !== "EPIPE") throw error;
  process.exit(0);
});

process.exitCode = await cli(process.argv.slice(2));
