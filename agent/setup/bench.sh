#!/bin/sh
# `npm run bench`: set up what is missing, then measure.
set -eu
cd "$(dirname "$0")/../.."
sh agent/setup/setup.sh bench
exec node_modules/node-linux-*/bin/node test/bench/bench.ts "$@"
