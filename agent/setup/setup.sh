#!/bin/sh
# Makes a fresh Debian machine ready: packages, the lockfile's modules (Node 24 among them), the BPF objects.
# Does only what is missing, so that the second call is quick.
#
#   sh agent/setup/setup.sh          what `weir run` needs
#   sh agent/setup/setup.sh test     and what the tests need
#   sh agent/setup/setup.sh bench    and what weir is compared with
set -eu
cd "$(dirname "$0")/../.."

say() { printf 'set-up: %s\n' "$*"; }
fail() { printf 'set-up: %s\n' "$*" >&2; exit 1; }

if [ "$(id -u)" != 0 ]; then
	fail "weir loads programs into the kernel and installs packages for that: run it as root, as in 'sudo npm start'"
fi

. agent/setup/as-owner.sh

# package:file, where the file tells that the package is there
agent_packages='libbpf1:/usr/lib/*/libbpf.so.1 libbpf-dev:/usr/include/bpf/bpf_helpers.h
	linux-libc-dev:/usr/include/linux/bpf.h clang:/usr/bin/clang'
test_packages='iproute2:/sbin/ip iputils-ping:/bin/ping curl:/usr/bin/curl openssl:/usr/bin/openssl
	netcat-openbsd:/bin/nc.openbsd iperf3:/usr/bin/iperf3 ethtool:/sbin/ethtool nftables:/usr/sbin/nft
	prometheus:/usr/bin/promtool qemu-system-x86:/usr/bin/qemu-system-x86_64 cpio:/bin/cpio
	bpftool:/usr/sbin/bpftool busybox-static:/bin/busybox systemd:/usr/bin/systemd-analyze
	iptables:/usr/sbin/iptables clang-format:/usr/bin/clang-format procps:/sbin/sysctl python3:/usr/bin/python3
	openssh-client:/usr/bin/ssh dropbear-bin:/usr/sbin/dropbear'
bench_packages='ipset:/usr/sbin/ipset xdp-tools:/usr/sbin/xdp-filter nginx-light:/usr/sbin/nginx wrk:/usr/bin/wrk
	strace:/usr/bin/strace linux-perf:/usr/bin/perf'

install_packages() {
	missing=
	for entry in $1; do
		found=
		for file in ${entry#*:}; do
			[ ! -e "$file" ] || found=1
		done
		[ -n "$found" ] || missing="$missing ${entry%%:*}"
	done
	[ -n "$missing" ] || return 0
	command -v apt-get >/dev/null || fail "this system has no apt-get; install these yourself and run again:$missing"
	say "installing Debian packages:$missing"
	export DEBIAN_FRONTEND=noninteractive
	# shellcheck disable=SC2086 # a list of words
	apt-get install -y -q --no-install-recommends $missing >/dev/null 2>&1 || {
		apt-get update -q >/dev/null
		apt-get install -y -q --no-install-recommends $missing >/dev/null
	}
}

install_modules() {
	stamp=node_modules/.weir-lock
	want=$(sha256sum package-lock.json | cut -d' ' -f1)
	[ ! -f "$stamp" ] || [ "$(cat "$stamp")" != "$want" ] || return 0
	say 'installing the modules of package-lock.json (no install scripts are run)'
	npm_of_owner ci --ignore-scripts --no-audit --no-fund --loglevel=error
	printf '%s\n' "$want" | as_owner tee "$stamp" >/dev/null
}

# The tests build a collector with Go. A Go that can do so is used as it is.
install_go() {
	! node_modules/node-linux-*/bin/node collector/build.ts check >/dev/null 2>&1 || return 0
	sh agent/setup/install-go.sh
}

build_probes() {
	want=$(find probes -name '*.[ch]' -o -name build.sh | sort | xargs cat | sha256sum | cut -d' ' -f1)
	[ ! -f probes/build/stamp ] || [ "$(cat probes/build/stamp)" != "$want" ] || return 0
	say 'building the BPF objects'
	as_owner sh probes/build.sh
	printf '%s\n' "$want" | as_owner tee probes/build/stamp >/dev/null
}

install_packages "$agent_packages"
case ${1:-} in test | bench) install_packages "$test_packages" ;; esac
[ "${1:-}" != bench ] || install_packages "$bench_packages" ||
	say "NOT ALL of what weir is compared with can be installed here; what is missing is left out"
install_modules
build_probes
case ${1:-} in test | bench) install_go || say "the collector of the tests cannot be built; the parts with it are left out" ;; esac
