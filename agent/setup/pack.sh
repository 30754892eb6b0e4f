#!/bin/sh
# `npm pack` calls this: fills dist/ with what an installed weir runs without TypeScript and without a compiler.
set -eu
cd "$(dirname "$0")/../.."
sh agent/setup/setup.sh
rm -rf dist
node_modules/.bin/tsc -p agent/setup/tsconfig.pack.json
# The objects keep company with the sources they are built from, and with the licence of both.
mkdir -p dist/probes/build
cp -r probes/wire dist/probes
cp probes/*.c probes/*.h probes/build.sh probes/LICENSE dist/probes
cp probes/build/*.bpf.o dist/probes/build
chown -R --reference=. dist
