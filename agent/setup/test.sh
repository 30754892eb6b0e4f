#!/bin/sh
# `npm test`: set up what is missing, check the types, run every test. Arguments name test files.
set -eu
cd "$(dirname "$0")/../.."
sh agent/setup/setup.sh test
node=$(echo node_modules/node-linux-*/bin/node)
node_modules/.bin/tsc --noEmit -p tsconfig.json
if [ $# -eq 0 ]; then
	# shellcheck disable=SC2046 # a list of files
	set -- $(find test -name '*.test.ts' | sort)
fi
exec "$node" --test --test-concurrency=2 --test-reporter=spec "$@"
