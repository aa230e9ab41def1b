"""How often each rule was tried and what came of it: a machine that never met an outcome has shown nothing about it."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field


@dataclass
class Tally:
    runs: int = 0
    steps: int = 0
    disagreements: int = 0
    met: Counter[str] = field(default_factory=Counter)

    def add(self, rule: str, outcome: str) -> None:
        self.met[f"{rule}: {outcome}"] += 1

    def unmet(self, wanted: Iterable[str]) -> list[str]:
        return sorted(set(wanted) - self.met.keys())

    def told(self, *, whole: bool) -> str:
        """One line, or every outcome of every rule."""
        head = f"{self.runs} runs, {self.steps} steps, {self.met.total()} answers, {self.disagreements} disagreements"
        if not whole:
            return f"{head}, {len(self.met)} kinds of them"
        rules: dict[str, list[str]] = {}
        for name, times in sorted(self.met.items()):
            rule, _, outcome = name.partition(": ")
            rules.setdefault(rule, []).append(f"{outcome} {times}")
        return "\n".join([head, *(f"  {rule}: {', '.join(outcomes)}" for rule, outcomes in rules.items())])
