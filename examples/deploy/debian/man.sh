#!/bin/sh
# man.sh BINARY VERSION DATE: the manual page, of what `tidewire help` says.
set -eu
binary=$1

# Text as it stands: a backslash and a leading dot or quote mean something to roff.
plain() { sed -e 's/\\/\\e/g' -e "s/^\([.']\)/\\\\\&\1/" -e 's/-/\\-/g'; }
block() { printf '.nf\n'; plain; printf '.fi\n'; }

printf '.TH TIDEWIRE 1 "%s" "tidewire %s" "User Commands"\n' "$3" "$2"
printf '.SH NAME\ntidewire \\- keep records in two systems the same\n'
printf '.SH DESCRIPTION\n'
NO_COLOR=1 "$binary" help | block
printf '.SH COMMANDS\n'
for command in $(NO_COLOR=1 "$binary" help | awk '/^Commands/ { on = 1; next } /^[^ ]/ { on = 0 } on && /^  [a-z]/ { print $1 }'); do
  [ "$command" != help ] || continue
  printf '.SS %s\n' "$(printf '%s' "$command" | plain)"
  NO_COLOR=1 "$binary" help "$command" | block
done
printf '.SH FILES\n.TP\ntidewire.lua\nthe project: its systems, and what holds for every mapping\n.TP\nmappings/*.lua\nwhat is kept the same\n'
printf '.TP\n\\&.env\nsecrets, mode 600\n.TP\n/usr/share/doc/tidewire/README.md\nhow to run it on a server\n'
