# Sourced. The tests share what Node has compiled, in a folder that only their user can write. It is never in the checkout.
if [ -z "${NODE_COMPILE_CACHE:-}" ]; then
	if [ "$(id -u)" = 0 ]; then
		compiled=/var/cache/weir-tests
	else
		compiled=${HOME:-/nonexistent}/.cache/weir-tests
	fi
	if mkdir -p -m 700 "$compiled" 2>/dev/null && [ -O "$compiled" ]; then export NODE_COMPILE_CACHE="$compiled"; fi
fi
