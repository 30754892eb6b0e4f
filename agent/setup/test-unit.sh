#!/bin/sh
# `npm run test:unit`: the tests that need neither root nor packages, as fast as the processors allow. A file is one of them unless it asks
# for something that may be missing (test/harness/require.ts), or tries a great many inputs.
set -eu
cd "$(dirname "$0")/../.."
node=$(echo node_modules/node-linux-*/bin/node)
[ -x "$node" ] || { echo 'test: the modules are missing; run: npm ci --ignore-scripts' >&2; exit 1; }
. agent/setup/compile-cache.sh
files=$(find test/values test/files test/config test/policy test/conformance test/observe test/enforce test/inspect test/explain test/service test/api test/cli test/daemon \
	test/otel test/audit test/generated test/harness test/imports.test.ts -name '*.test.ts' \
	! -path test/config/abuse.test.ts ! -name '*-fuzz.test.ts' ! -path test/audit/crash.test.ts)
# shellcheck disable=SC2046,SC2086 # lists of paths
exec "$node" --test --test-concurrency=$(($(nproc) + 1)) --test-reporter=dot $(grep -L harness/require.ts $files | sort)
