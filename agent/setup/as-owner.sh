# shellcheck shell=sh
# setup.sh reads this in. Where another user owns the checkout, that user writes there, and root's own folders stay root's.

# npm exports many settings to its scripts, such as the folders of its cache and its prefix. They belong to the user who
# called npm, and the owner of the checkout does not get them.
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

# The owner's environment holds nothing of root's but the ways to the registries.
as_other() {
	set -f
	for name in $(env -0 | cut -z -d= -f1 | grep -zviE "^(PATH|LANG|LC_ALL|TERM|$registry_settings)$" | tr '\0' '\n'); do
		set -- -u "$name" "$@"
	done
	set +f
	setpriv --reuid "$owner" --regid "$group" --clear-groups env "$@"
}

# npm keeps its downloads in the owner's home if everything in that folder belongs to the owner; else in a temporary folder.
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
