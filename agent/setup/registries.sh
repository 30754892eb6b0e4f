# shellcheck shell=sh disable=SC2034 # read in by others
# Names of the variables by which the registries of packages are reached, as an extended regular expression without
# regard to case. They are all that is handed on to another user, or into another root.
registry_settings='(https?|ftp|all|no)_proxy|NODE_EXTRA_CA_CERTS|SSL_CERT_(FILE|DIR)|npm_config_(registry|replace_registry_host|ca|cafile|strict_ssl|proxy|https?_proxy|noproxy|local_address|maxsockets|fetch_\w+)'
