"""The text on the terminal when the stack is ready."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dev.config import Config
    from dev.demo.people import Persona

_HINT = 6


def summary(config: Config, personas: Iterable[Persona], *, seconds: float) -> str:
    named = f" {config.instance}" if config.instance else ""
    stack_json = _short(config.stack_json)
    lines = [
        "",
        f"Packhouse{named} is ready after {seconds:.1f} s. Ctrl-C stops it; its state stays in {_short(config.state)}.",
        "",
        f"  console   {config.origin}/console/",
        f"  API       {config.origin}/v1/",
        f"  clock     {config.origin}/dev/clock",
        f"  logs      {_short(config.logs)}",
        "",
        f"  People and keys (the whole tokens are in {stack_json}, good for 24 hours):",
    ]
    lines += [
        f"    {each['role']:<16} {each['name']:<30} {each.get('workgroup_id', '-'):<40} {_hint(each['token'])}"
        for each in personas
    ]
    read = f"""import json; print(json.load(open("{stack_json}"))["personas"][0]["token"])"""
    return "\n".join(
        [*lines, "", f"  curl -H \"Authorization: Bearer $(python3 -c '{read}')\" {config.origin}/v1/me", ""]
    )


def _hint(token: str) -> str:
    return f"{token[:_HINT]}…{token[-_HINT:]}"


def _short(path: Path) -> str:
    here = Path.cwd()
    return str(path.relative_to(here) if path.is_relative_to(here) else path)
