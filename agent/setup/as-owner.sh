# shellcheck shell=sh
# Read in by setup.sh. In somebody else's checkout, what is written there stays theirs, and root's own folders stay root's.

# npm hands many settings to its scripts, such as the folders of its cache and prefix: those are of the user who called it.
. agent/setup/registries.sh

owner=$(stat -c %u .)
group=$(stat -c %g .)
owner_home=$(getent passwd "$owner" | cut -d: -f6)
owner_folder=

as_owner() {
	if [ "$owner" = 0 ]; then
		"$@"
	else
		as_other env HOME="${owner_home:-/nonexistent}" "$@"
	fi
}

# With an environment that holds nothing of root's but how registries are reached.
as_other() {
	set -f
	for name in $(env -0 | cut -z -d= -f1 | grep -zviE "^(PATH|LANG|LC_ALL|TERM|$registry_settings)$" | tr '\0' '\n'); do
		set -- -u "$name" "$@"
	done
	set +f
	setpriv --reuid "$owner" --regid "$group" --clear-groups env "$@"
}

# npm keeps its downloads in a folder of the owner, where he has one that is all his; else in one that is gone afterwards.
npm_of_owner() {
	if [ "$owner" = 0 ]; then
		npm "$@"
	elif as_owner sh -c 'test -w "$HOME" && { test ! -e "$HOME/.npm" || test -z "$(find "$HOME/.npm" ! -uid "$(id -u)" -print -quit 2>&1)"; }'; then
		as_owner npm "$@"
	else
		owner_folder=$(as_owner mktemp -d)
		trap 'as_owner rm -rf "$owner_folder"' EXIT
		trap 'exit 1' HUP INT TERM
		as_owner env npm_config_cache="$owner_folder" npm "$@"
	fi
}
