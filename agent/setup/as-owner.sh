# shellcheck shell=sh
# Read in by setup.sh. In somebody else's checkout, what is written there stays theirs, and root's own folders stay root's.

# Names of the variables that another user, or another root, needs to reach the registries that this one reaches.
# npm hands many more to its scripts, such as the folders of its cache and prefix: those are of the user who called it.
registry_settings='(https?|ftp|all|no)_proxy|NODE_EXTRA_CA_CERTS|SSL_CERT_(FILE|DIR)|npm_config_(registry|replace_registry_host|ca|cafile|strict_ssl|proxy|https?_proxy|noproxy|local_address|maxsockets|fetch_\w+)'

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
		as_owner env HOME="$owner_folder" npm "$@"
	fi
}
