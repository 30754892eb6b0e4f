#!/bin/sh
# `npm test`: set up what is missing, check the types, run every test.
#
#   npm test -- test/policy/compile.test.ts test/audit    files, and folders with all below them
#   npm test -- test/policy -t 'a name'                   only tests whose name contains this
#   npm run test:watch -- test/policy                     again whenever a file changes
set -eu
cd "$(dirname "$0")/../.."

paths=
name=
watch=
while [ $# -gt 0 ]; do
	case $1 in
		-t)
			[ $# -gt 1 ] || { echo 'test: -t needs the name of a test, or a part of it' >&2; exit 2; }
			name=$2
			shift
			;;
		--watch) watch=--watch ;;
		-*) echo "test: unknown option $1; there are -t NAME and --watch" >&2; exit 2 ;;
		*)
			[ -e "$1" ] || { echo "test: there is no $1" >&2; exit 2; }
			paths="$paths $1"
			;;
	esac
	shift
done

sh agent/setup/setup.sh test
. agent/setup/compile-cache.sh
node=$(echo node_modules/node-linux-*/bin/node)
node_modules/.bin/tsc --noEmit -p tsconfig.json
# shellcheck disable=SC2046,SC2086 # lists of paths
set -- $(find ${paths:-test} -name '*.test.ts' | sort)
[ $# -gt 0 ] || { echo "test: there is no test in$paths" >&2; exit 2; }
[ -z "$name" ] || set -- --test-name-pattern="$name" "$@"
# shellcheck disable=SC2086 # may be empty
exec "$node" --test $watch --test-concurrency=2 --test-reporter=spec "$@"
