#!/bin/sh
# `npm pack` calls this: fills dist/ with what an installed weir runs without TypeScript and without a compiler.
set -eu
cd "$(dirname "$0")/../.."
sh agent/setup/setup.sh
rm -rf dist
node_modules/.bin/tsc -p agent/setup/tsconfig.pack.json
# The compiler copies no JavaScript.
mkdir -p dist/agent/generated/validators
cp agent/generated/validators/*.js dist/agent/generated/validators
# The objects keep company with the sources they are built from, and with the licence of both.
mkdir dist/probes
cp -r probes/. dist/probes
rm -f dist/probes/build/stamp
chown -R --reference=. dist
