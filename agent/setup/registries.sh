# shellcheck shell=sh disable=SC2034 # read in by others
# An extended regular expression for the names of environment variables that say how to reach the registries of packages.
# Upper and lower case count the same. Another user, or another root, gets these variables and no others.
registry_settings='(https?|ftp|all|no)_proxy|NODE_EXTRA_CA_CERTS|SSL_CERT_(FILE|DIR)|npm_config_(registry|replace_registry_host|ca|cafile|strict_ssl|proxy|https?_proxy|noproxy|local_address|maxsockets|fetch_\w+)'
