#!/bin/sh
# Installs a Go that is new enough to fetch later versions from the module proxy, as 1.21 is. Debian 12 has none, but its
# backports have. This script reads the backports for itself and leaves the machine's own sources as they are. The package
# golang-1.N-go puts nothing on the PATH.
set -eu
oldest=21

fail() { printf 'set-up: %s\n' "$*" >&2; exit 1; }

command -v apt-get >/dev/null || fail "this system has no apt-get; install Go 1.$oldest or newer yourself"
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
trap 'exit 1' HUP INT TERM

newest() {
	apt-cache "$@" pkgnames golang-1. | sed -n 's/^golang-1\.\([0-9]*\)-go$/\1/p' | sort -n | tail -n 1
}

apt-get update -q >/dev/null
version=$(newest)
if [ "${version:-0}" -lt "$oldest" ]; then
	codename=$(. /etc/os-release && echo "${VERSION_CODENAME:-}")
	mirror=$(apt-get indextargets --format '$(ORIGIN) $(REPO_URI)' | sed -n '/^Debian .*\/debian\/$/{s/^Debian //p;q}')
	[ -n "$codename" ] && [ -n "$mirror" ] || fail "no Go 1.$oldest or newer among the packages of this system; install one yourself"
	mkdir -p "$folder/sources" "$folder/lists/partial"
	cp -r /etc/apt/sources.list.d/. "$folder/sources"
	printf 'deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] %s %s-backports main\n' "$mirror" "$codename" >"$folder/sources/weir-backports.list"
	set -- -o "Dir::Etc::sourceparts=$folder/sources" -o "Dir::State::lists=$folder/lists" -o APT::Sandbox::User=root
	apt-get "$@" update -q >/dev/null
	version=$(newest "$@")
	[ "${version:-0}" -ge "$oldest" ] || fail "Debian's backports have no Go 1.$oldest or newer; install one yourself"
fi
printf 'set-up: %s\n' "installing Debian package: golang-1.$version-go"
DEBIAN_FRONTEND=noninteractive apt-get "$@" install -y -q --no-install-recommends "golang-1.$version-go" >/dev/null
