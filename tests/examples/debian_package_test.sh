#!/usr/bin/env bash
# label: slow
# The Debian package: of the release build where there is one, else of this build (then it needs more libraries, all else is the same).
set -euo pipefail
for tool in cpack dpkg-deb dpkg-shlibdeps; do
  command -v "$tool" >/dev/null || { echo "skipped: $tool is not installed"; exit 77; }
done
[ -x "${TIDEWIRE:-}" ] || exit 77
build=$SOURCE_DIR/build/release kind=release
[ -x "$build/tidewire" ] && [ -f "$build/CPackConfig.cmake" ] || { build=$BUILD_DIR kind="this build; there is no release build"; }
echo "packaging $kind"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
fail() { echo "not ok - $*" >&2; exit 1; }

(cd "$work" && cpack --config "$build/CPackConfig.cmake" -B "$work/out" >"$work/cpack.log" 2>&1) || { cat "$work/cpack.log"; fail "cpack"; }
package=$(echo "$work"/out/tidewire_*_"$(dpkg --print-architecture)".deb)
[ -f "$package" ] || fail "no package: $(ls "$work/out")"
dpkg-deb -R "$package" "$work/root"
root=$work/root

field() { dpkg-deb -f "$package" "$1"; }
[ "$(field Package)" = tidewire ] || fail "Package: $(field Package)"
[[ $(field Maintainer) =~ ^[^\<]+\ \<[^@]+@[^@]+\>$ ]] || fail "Maintainer: $(field Maintainer)"
[[ $(field Depends) == *libc6* && $(field Depends) == *systemd* ]] || fail "Depends: $(field Depends)"
[ "$kind" != release ] || [[ $(field Depends) != *libcurl* ]] || fail "the release's package needs $(field Depends)"

for file in usr/bin/tidewire usr/lib/systemd/system/tidewire@.service usr/lib/sysusers.d/tidewire.conf etc/tidewire/daemon.conf usr/share/doc/tidewire/README.md \
  usr/share/doc/tidewire/copyright usr/share/doc/tidewire/changelog.gz usr/share/man/man1/tidewire.1.gz usr/share/doc/tidewire/examples/prometheus/alerts.yml; do
  [ -f "$root/$file" ] || fail "$file is not in the package"
done
[ -z "$(find "$root" -path "$root/DEBIAN" -prune -o -type f -perm /022 -print)" ] || fail "somebody else could write $(find "$root" -type f -perm /022)"
[ -z "$(find "$root" -perm /6000)" ] || fail "set-user-id: $(find "$root" -perm /6000)"
dpkg-deb -c "$package" | awk '$2 != "root/root" { print; bad = 1 } END { exit bad }' || fail "not root's"
dpkg-deb -c "$package" | awk '{ print $6 }' | grep -E '^\./(usr/local|srv|var|home|opt|tmp)/' && fail "a place that is the owner's"
! grep -rIl -e "$SOURCE_DIR" -e "$BUILD_DIR" "$root" --include='*' --exclude=tidewire | grep . || fail "a path of this machine"
file=$root/usr/bin/tidewire
! readelf -S "$file" | grep -q '\.debug_info' || fail "the program is not stripped"

[ "$(cat "$root/DEBIAN/conffiles")" = /etc/tidewire/daemon.conf ] || fail "conffiles"
for script in postinst prerm postrm; do
  [ "$(stat -c %a "$root/DEBIAN/$script")" = 755 ] || fail "$script is not executable"
  sh -n "$root/DEBIAN/$script"
done
(cd "$root" && md5sum --quiet -c DEBIAN/md5sums) || fail "sums"

"$file" version >/dev/null || fail "the program does not run"
grep -qx 'ExecStart=/usr/bin/tidewire run /srv/tidewire/%i' "$root/usr/lib/systemd/system/tidewire@.service" || fail "the unit starts something else"
! grep -q /usr/local "$root/usr/lib/systemd/system/tidewire@.service" || fail "the unit speaks of /usr/local"
grep -qx 'EnvironmentFile=-/etc/tidewire/daemon.conf' "$root/usr/lib/systemd/system/tidewire@.service" || fail "the unit does not read its variables"
if command -v systemd-analyze >/dev/null; then
  # The program is not installed here: only that line may be complained of.
  systemd-analyze verify --man=no "$root/usr/lib/systemd/system/tidewire@.service" 2>&1 | grep -E 'tidewire@' | grep -vE 'not executable|Command .* is not' && fail "the unit"
fi
if command -v systemd-sysusers >/dev/null; then
  mkdir -p "$work/users/etc" && systemd-sysusers --root="$work/users" "$root/usr/lib/sysusers.d/tidewire.conf" && grep -q '^tidewire:' "$work/users/etc/passwd" || fail "the user"
fi
page=$(zcat "$root/usr/share/man/man1/tidewire.1.gz")
for command in run check sync conflicts retry; do
  grep -qx ".SS $command" <<<"$page" || fail "the manual page says nothing of $command"
done
if command -v man >/dev/null; then
  [ -z "$(LC_ALL=C.UTF-8 MANROFFSEQ='' man --warnings -E UTF-8 -l -Tutf8 -Z "$root/usr/share/man/man1/tidewire.1.gz" 2>&1 >/dev/null)" ] || fail "the manual page has faults"
fi
if command -v lintian >/dev/null; then
  # A first upload would close a bug of the distribution; ours does not.
  lintian --allow-root --fail-on error --suppress-tags initial-upload-closes-no-bugs "$package" || fail "lintian"
fi
echo "ok - $(basename "$package"), $(stat -c %s "$package") bytes"
