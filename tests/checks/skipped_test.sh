#!/usr/bin/env bash
# label: fast
# What .ci/run says at its end of what was left out: of tests that ctest itself ran here.
set -euo pipefail
top=${SOURCE_DIR:-$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)}
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

cat >"$folder/CTestTestfile.cmake" <<'TESTS'
add_test(good "sh" "-c" "yes 'ok - nothing is skipped' | head -500")
add_test(no_npm "sh" "-c" "echo 'SKIPPED: npm is not reachable'; exit 77")
add_test(silent "sh" "-c" "exit 77")
add_test(in_part "sh" "-c" "yes 'ok - a case' | head -500; echo '  skipped: no right to mount'; echo 'ok - another'")
add_test(bad "sh" "-c" "exit 1")
set_tests_properties(no_npm silent PROPERTIES SKIP_RETURN_CODE 77)
TESTS
ctest --test-dir "$folder" --test-output-size-passed 1000000 --output-junit junit.xml >"$folder/out" 2>&1 || true

diff - <("$top/.ci/skipped" "$folder/junit.xml") <<'SAID'
Skipped:
  no_npm: npm is not reachable
  silent: a program that it needs is not installed
Skipped within tests that ran:
  in_part: no right to mount
SAID
