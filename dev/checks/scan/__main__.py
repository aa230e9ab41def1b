import argparse
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import yaml

from dev.checks.scan.scanners import SCANNERS
from dev.checks.scan.verdict import BAD, Waiver, cases, faults
from dev.template import ROOT

AT_ONCE = 2


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m dev.checks.scan", description="Run the scanners, or those named.")
    parser.add_argument("scanner", nargs="*", default=list(SCANNERS), help=", ".join(SCANNERS))
    names = parser.parse_args().scanner
    if unknown := set(names) - SCANNERS.keys():
        parser.error(f"there is no {', '.join(sorted(unknown))}")
    with ThreadPoolExecutor(AT_ONCE) as pool:
        verdicts = list(pool.map(_judged, names))
    return 1 if any(verdicts) else 0


def _judged(name: str) -> list[str]:
    started = time.monotonic()
    planted = cases(ROOT / BAD / name)
    waivers = [
        Waiver(**entry) for entry in yaml.safe_load((ROOT / "dev/checks/scan/waivers.yaml").read_text()).get(name, [])
    ]
    why = list(faults(SCANNERS[name](), planted, waivers))
    seconds = time.monotonic() - started
    outcome = f"faults: {len(why)}" if why else f"found all planted faults ({len(planted.bad)}), and nothing more"
    sys.stdout.write("\n".join([f"{name}: {outcome} ({seconds:.0f} s)", *why]) + "\n")
    sys.stdout.flush()
    return why


if __name__ == "__main__":
    sys.exit(main())
