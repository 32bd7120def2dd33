#!/usr/bin/env bash
# label: slow
# cores: 2
# A person at the admin page: first login, a load with progress, a conflict, a dead letter, an edit, and why a field has its value.
. "$(dirname "$0")/prepare.sh"
exec timeout 280 node "$(dirname "$0")/walks.mjs"
