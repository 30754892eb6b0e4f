#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# Builds the BPF objects into build/, the same wherever the sources are. Needs clang and the headers of libbpf and Linux.
set -eu
cd "$(dirname "$0")"
include=/usr/include/$(uname -m)-linux-gnu
mkdir -p build
for source in *.bpf.c; do
	clang -O2 -g -Wall -Werror -target bpf -mcpu=v3 -fdebug-compilation-dir=. \
		-I . -I "$include" -c "$source" -o "build/${source%.c}.o"
done
