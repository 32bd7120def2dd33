#!/usr/bin/env bash
# label: slow
# timeout: 1200
# The WordPress connector on a real site, without and with its plugin, and straight on its tables.
set -u
command -v php >/dev/null && command -v mariadbd >/dev/null && [ -d /usr/share/wordpress ] && [ -x "${TIDEWIRE:-}" ] || exit 77
work=$(mktemp -d)
servers=$SOURCE_DIR/examples/shared/servers
stop() {
  "$servers/wordpress" stop "$work/site"
  rm -rf "$work"
}
trap stop EXIT
failed=0

try() {
  (cd "$SOURCE_DIR/tests/lua" && timeout 900 "$TIDEWIRE" lua "$@") || failed=1
}

eval "$("$servers/wordpress" start "$work/site")"
echo "== wordpress, as it comes" && try conformance.lua --profile io -- wordpress "$WORDPRESS_URL" "$WORDPRESS_PASSWORD"
echo 'return require("connectors.wordpress.plugin").text()' >"$work/plugin.lua"
"$TIDEWIRE" lua "$work/plugin.lua" >"$WORDPRESS_PLUGINS/tidewire.php"
echo "== wordpress, with the plugin" && try conformance.lua --profile io -- wordpress "$WORDPRESS_URL" "$WORDPRESS_PASSWORD" plugin
echo "== what loses changes, terms, users, the trash, and the tables" && try live_wordpress.lua --profile io -- "$WORDPRESS_URL" "$WORDPRESS_PASSWORD" "$MARIADB_PORT"
echo "== its tables" && try conformance.lua --profile io -- wordpress_tables "$WORDPRESS_URL" "$WORDPRESS_PASSWORD" "$MARIADB_PORT"
echo "== ten thousand rows, of its tables and of its API" && try conformance.lua --profile io -- wordpress_tables "$WORDPRESS_URL" "$WORDPRESS_PASSWORD" "$MARIADB_PORT" many
try conformance.lua --profile io -- wordpress "$WORDPRESS_URL" "$WORDPRESS_PASSWORD" "" many
exit $failed
