# shellcheck shell=bash
# .ci/run reads this in. It makes a minimal root of Debian 12, which reaches the registries as this machine does, and
# removes it.
. agent/setup/registries.sh

say() { printf 'ci: %s\n' "$*"; }
fail() { printf 'ci: %s\n' "$*" >&2; exit 1; }

install_mmdebstrap() {
	! command -v mmdebstrap >/dev/null || return 0
	say 'installing Debian package: mmdebstrap'
	local install=(apt-get -o DPkg::Lock::Timeout=300 install -y -q --no-install-recommends mmdebstrap)
	export DEBIAN_FRONTEND=noninteractive
	"${install[@]}" >/dev/null 2>&1 || { apt-get update -q >/dev/null && "${install[@]}" >/dev/null; }
}

make_root() {
	local root=$1 sources=()
	say 'making a bare Debian 12'
	# The sources of another system than Debian 12 do not fit, and mmdebstrap then takes Debian's own.
	if [ "$(. /etc/os-release && echo "$ID $VERSION_ID")" = 'debian 12' ]; then
		mapfile -t sources < <(find /etc/apt/sources.list /etc/apt/sources.list.d -type f \( -name '*.list' -o -name '*.sources' \) 2>/dev/null | sort)
	fi
	# Of apt's settings, only those about reaching the sources are taken: others may name programs that the root lacks.
	apt-config dump | grep -E '^(Acquire|APT::Authentication)\b' | grep -vE '^Acquire::(IndexTargets|CompressionTypes|Changelogs)\b' >"$root.apt"
	mmdebstrap --quiet --variant=minbase --include=ca-certificates --aptopt="$root.apt" bookworm "$root" "${sources[@]}"
	copy_node "$root"
	carry_settings "$root"
	enter "$root" npm --version >/dev/null || fail 'the Node.js of this machine, or its npm, does not run in there'
}

copy_node() {
	local root=$1 node npm
	node=$(command -v node) && npm=$(command -v npm) || fail 'Node.js 20 with npm is missing here'
	say "it gets Node.js $(node --version) and npm $(npm --version)"
	install -D "$(realpath "$node")" "$root/usr/bin/node"
	mkdir -p "$root/usr/lib/node_modules"
	cp -r "$(realpath "$npm" | xargs dirname | xargs dirname)" "$root/usr/lib/node_modules/npm"
	ln -s ../lib/node_modules/npm/bin/npm-cli.js "$root/usr/bin/npm"
	ln -s ../lib/node_modules/npm/bin/npx-cli.js "$root/usr/bin/npx"
}

# Copies the files, and keeps the variables, by which apt, npm, pip and Go reach their registries on this machine.
carry_settings() {
	local root=$1 name value file go='GO(PROXY|FLAGS|PRIVATE|NOPROXY|SUMDB|NOSUMDB|INSECURE|AUTH|VCS)'
	local pip='PIP_((EXTRA_)?INDEX_URL|NO_INDEX|FIND_LINKS|TRUSTED_HOST|(CLIENT_)?CERT|PROXY|(DEFAULT_)?TIMEOUT|RETRIES|CONFIG_FILE)'
	mapfile -d '' -t settings < <(env -0 | grep -zE '^[^=]+=.' | grep -zEi "^($registry_settings|CURL_CA_BUNDLE|REQUESTS_CA_BUNDLE|$pip|$go)=")
	! command -v go >/dev/null || for name in GOPROXY GOFLAGS GOPRIVATE GONOPROXY GOSUMDB GONOSUMDB GOINSECURE GOVCS; do
		value=$(go env "$name")
		[ -z "$value" ] || settings+=("$name=$value")
	done
	for file in /etc/resolv.conf /etc/hosts /etc/ssl/certs/ca-certificates.crt /usr/local/share/ca-certificates \
		/etc/apt/{auth.conf,auth.conf.d,keyrings,trusted.gpg,trusted.gpg.d,preferences.d} /usr/share/keyrings /etc/pip.conf; do
		carry "$root" "$file" "$file"
	done
	carry "$root" "$(npm config get userconfig)" /root/.npmrc
	carry "$root" "$(npm config get globalconfig)" /usr/etc/npmrc
	for file in .config/pip/pip.conf .pip/pip.conf .config/go/env .netrc; do carry "$root" "${HOME:-/root}/$file" "/root/$file"; done
	for value in "${settings[@]}" "cafile=$(npm config get cafile)"; do
		case $value in *=/*) carry "$root" "${value#*=}" "${value#*=}" ;; esac
	done
	# The root's own tar writes them, because links inside the root would lead another program to files of this machine.
	tar -cf - -C "$root.carried" . | chroot "$root" tar -xf - --keep-directory-symlink --no-overwrite-dir
}

# Copies a file or a folder if it exists, and follows links.
carry() {
	local from=$2 to=$1.carried$3
	if [ -d "$from" ]; then
		mkdir -p "$to"
		cp -rL "$from/." "$to"
	elif [ -f "$from" ]; then
		mkdir -p "${to%/*}"
		cp -Lp "$from" "$to"
	fi
}

# Runs a command in a mount namespace of its own, whose root is the folder. The agent itself mounts the file systems for
# BPF and tracing there.
# shellcheck disable=SC2016 # for the shell inside
enter() {
	local root=$1
	shift
	unshare --mount --propagation private -- bash -euc '
		mount --bind "$1" "$1"
		cd "$1"
		shift
		mount --rbind /dev dev
		mount -t proc proc proc
		mount --rbind /sys sys
		for place in sys/fs/bpf sys/kernel/tracing; do
			while mountpoint -q "$place"; do umount "$place"; done
		done
		pivot_root . .
		umount -l .
		exec "$@"
	' bash "$root" /usr/bin/env -i "${settings[@]}" HOME=/root LANG=C.UTF-8 CI=true WEIR_REQUIRE=all \
		PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin "$@"
}

# Ends the processes that still run in the root, and removes it. Its mounts vanish with the last process. If this script
# itself sees a mount below the root, it removes nothing, because rm would go on into the mounted file system.
remove_root() {
	local root=$1 signal pids tries
	trap '' HUP INT TERM
	for signal in TERM KILL; do
		for tries in {1..50}; do
			pids=$(running_in "$root")
			[ -n "$pids" ] || break 2
			# shellcheck disable=SC2086 # a list of numbers
			[ "$tries" != 1 ] || kill -s "$signal" $pids 2>/dev/null || :
			sleep 0.2
		done
	done
	remove_control_groups
	if grep -qF " $root" /proc/self/mountinfo; then
		say "something is mounted below $root, which is left as it is" >&2
	else
		rm -rf --one-file-system "${root%/root}"
	fi
}

# Removes control groups that tests left behind. Their names hold the number of a process that no longer exists.
remove_control_groups() {
	local group
	find /sys/fs/cgroup -depth -type d -path '*/weir-*' | while read -r group; do
		[[ $group =~ /weir-(test|bench)-([0-9]+)- ]] || continue
		[ -e "/proc/${BASH_REMATCH[2]}" ] || rmdir "$group" 2>/dev/null || :
	done
}

# Prints the processes whose root the folder is. It compares inode numbers, because a path means nothing in another mount
# namespace.
running_in() {
	[ -d "$1" ] || return 0
	{ stat -Lc '%d:%i %n' /proc/[0-9]*/root 2>/dev/null || :; } | sed -n "s|^$(stat -c %d:%i "$1") /proc/\([0-9]*\)/root$|\1|p"
}
