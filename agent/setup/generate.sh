#!/bin/sh
# `npm run generate`: writes what is generated and committed: the layout of kernel structs, the schema of rules,
# validators, the dashboard, references in the documents.
set -eu
cd "$(dirname "$0")/../.."
node=$(echo node_modules/node-linux-*/bin/node)
sh probes/build.sh
for script in agent/kernel/generate-layout.ts config/rule-schema.ts agent/setup/generate-validators.ts \
	collector/dashboards/generate.ts config/reference.ts otel/metrics-reference.ts; do
	"$node" "$script"
done
