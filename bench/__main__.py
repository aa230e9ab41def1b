"""`make bench`: measures CPU, imports, units, cost and throughput on this machine (docs/performance.md)."""

import sys
import time
from collections.abc import Iterator

from bench import costs, handlers, imports, sizes, throughput
from bench.report import Section, machine
from bench.stage import stage


def main() -> None:
    begun = time.monotonic()
    sys.stdout.write(machine())
    for section in _sections():
        sys.stdout.write(f"\n{section.printed()}")
        sys.stdout.flush()
    sys.stdout.write(f"\n{machine()}{time.monotonic() - begun:.0f} seconds\n")


def _sections() -> Iterator[Section]:
    with stage() as on:
        measured = handlers.measured(on)
        yield handlers.section(measured)
        yield costs.section(on, measured)
        yield sizes.section(on)
        yield sizes.swept(on)
    yield imports.cold()
    yield imports.built()
    yield throughput.section()


if __name__ == "__main__":
    main()
