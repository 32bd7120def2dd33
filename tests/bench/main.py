"""Runs the measurements that were named, in a folder on a real disk that is gone afterwards."""
import os
import pathlib
import shutil
import sys
import tempfile

import answers
import applied
import footprint
import intake
from measure import BUILD

PARTS = {"intake": intake.run, "applied": applied.run, "answers": answers.run, "size": footprint.run}


def machine():
    model = next((line.split(":")[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")), "unknown")
    load = os.getloadavg()[0]
    print(f"{os.cpu_count()} x {model}, load {load:.1f}" + (": the machine is busy, trust the ratios alone" if load > 1 else ""))


def main():
    words = [word for word in sys.argv[1:] if word != "--quick"]
    unknown = [word for word in words if word not in PARTS]
    if unknown:
        raise SystemExit(f"no measurement {', '.join(unknown)}; there are {', '.join(PARTS)}")
    machine()
    failed = False
    for name in words or PARTS:
        folder = tempfile.mkdtemp(prefix=f"{name}-", dir=BUILD)
        try:
            PARTS[name](pathlib.Path(folder), "--quick" in sys.argv)
        except SystemExit as problem:
            failed = True
            print(f"\n{name}: {problem}")
            print(f"  left in {folder}")
        else:
            shutil.rmtree(folder)
    sys.exit(1 if failed else 0)


main()
