"""`python -m dev`, which is `make run`."""

import sys

_PYTHON = (3, 13)


def main() -> int:
    if sys.version_info[:2] != _PYTHON:
        sys.stderr.write("The local stack needs Python 3.13, as the functions do: `make run` finds one.\n")
        return 1
    from dev import config  # noqa: PLC0415  # it needs that Python
    from dev.template import ROOT  # noqa: PLC0415  # as above

    # The package of this very tree, also when another one is installed.
    sys.path.insert(0, str(ROOT / "layers" / "packhouse"))
    from dev.stack import runner  # noqa: PLC0415  # it needs the path

    try:
        chosen = config.from_environment(ROOT)
    except config.StartError as error:
        runner.say(str(error), to=sys.stderr)
        return 1
    return runner.run(chosen)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:  # Ctrl-C before the runner handles it; nothing has been started yet.
        sys.exit(0)
