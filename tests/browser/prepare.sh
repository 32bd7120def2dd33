# What a walk through the page needs: a browser (Debian package chromium), and from npm the two tools that drive and judge it.
command -v node >/dev/null && [ -x "${TIDEWIRE:-}" ] || exit 77
browser=$(command -v chromium || command -v chromium-browser) || { echo "SKIPPED: no chromium (Debian package chromium)"; exit 77; }
modules=${BUILD_DIR:?}/third_party/browser
if [ ! -d "$modules/node_modules/axe-core" ]; then
  mkdir -p "$modules"
  (
    # Several walks start at once; one of them fetches.
    flock 9
    [ -d "$modules/node_modules/axe-core" ] && exit 0
    echo '{"private":true}' >"$modules/package.json"
    timeout 180 npm install --prefix "$modules" --silent --no-audit --no-fund --ignore-scripts playwright-core@1.65.1 axe-core@4.14.1 >"$modules/npm.log" 2>&1
  ) 9>"$modules/lock" || { rm -rf "$modules/node_modules"; echo "SKIPPED: npm is not reachable, so there is nothing to drive the browser with"; exit 77; }
fi
export BROWSER_PROGRAM="$browser" BROWSER_MODULES="$modules/node_modules" SCREENSHOTS="${BUILD_DIR:?}/screenshots"
