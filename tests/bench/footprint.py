"""Size of the release, how long it takes to be ready, what it holds while idle."""
import subprocess
import time

from measure import TIDEWIRE, TOP, call, daemon, make_project, median, practice, show

RELEASE = TOP / "build/release/tidewire"


def libraries(binary):
    out = subprocess.run(["ldd", binary], capture_output=True, text=True, check=True).stdout
    return [line.split()[0] for line in out.splitlines()]


def stripped_size(binary, folder):
    copy = folder / "stripped"
    subprocess.run(["strip", "-o", copy, binary], check=True)
    return copy.stat().st_size / 1e6


def run(folder, quick):
    binary = RELEASE if RELEASE.exists() else TIDEWIRE
    name = str(binary.relative_to(TOP))
    if binary is TIDEWIRE:
        print("\nsize: build/release/tidewire is not there (.ci/release makes it); the dynamic build is measured instead")
    versions = []
    for _ in range(5 if quick else 15):
        began = time.monotonic()
        subprocess.run([binary, "version"], capture_output=True, check=True)
        versions.append((time.monotonic() - began) * 1000)
    project = make_project(folder / "idle")
    first, starts, idle = None, [], []
    with practice("frappe", folder) as erp, practice("supabase", folder) as app:
        for _ in range(4 if quick else 8):
            with daemon(project, erp.url, app.url, binary=binary) as server:
                starts.append(server.started_in * 1000)
                time.sleep(1)
                idle.append(server.memory())
        first = starts.pop(0)
    with daemon(project, erp.url, app.url, binary=binary) as server:
        alone = server.started_in * 1000
        call("GET", server.url + "/ping", text=True)
    found = libraries(binary)
    show(f"Size and start of {name}", ["what", "figure", "wanted"], [
        ["stripped", f"{stripped_size(binary, folder):.1f} MB", "under 15"],
        ["`version`, begin to end", f"{median(versions):.0f} ms", ""],
        ["start to ready, mapping loaded, known state", f"{median(starts):.0f} ms", "under 100"],
        ["the first start (makes the state file)", f"{first:.0f} ms", ""],
        ["with both systems away", f"{alone:.0f} ms", ""],
        ["resident while idle", f"{median(idle):.1f} MB", "under 20"],
        ["libraries", str(len(found)), "libc, libm"],
    ])
    print("  " + " ".join(found))
