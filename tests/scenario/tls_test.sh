#!/usr/bin/env bash
# label: slow
# TLS on the listener of the real daemon, spoken to by node, curl and openssl.
command -v node >/dev/null && command -v openssl >/dev/null && command -v curl >/dev/null && [ -x "${TIDEWIRE:-}" ] || exit 77
exec timeout 280 node "$(dirname "$0")/tls.mjs"
