#!/bin/sh
# `npm start`: set up what is missing, then run the agent in detect mode with its live view.
set -eu
cd "$(dirname "$0")/../.."
sh agent/setup/setup.sh
exec agent/weir run "$@"
