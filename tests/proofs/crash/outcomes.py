from dataclasses import dataclass

from tests.harness.gateway import Answer
from tests.proofs.crash.masks import ids, masked


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a delivery came to: an answer, or an error that Lambda was left with, or the process's death."""

    calls: tuple[str, ...]
    fired: bool
    answer: Answer | None = None
    error: Exception | None = None
    died: bool = False
    doubled: bool = False
    """Whether the same was delivered elsewhere meanwhile; what was called there isn't in `calls`."""

    @property
    def status(self) -> int:
        """Of the answer; of one in parts, that of what was left undone, if anything was."""
        if self.answer is None:
            return 0
        results = () if isinstance(self.answer.body, bytes) else self.answer.body.get("results", ())
        parts: list[int] = [part["problem"]["status"] for part in results if "problem" in part]
        return max(self.answer.status, *(status for status in parts if status >= 500), 0)

    @property
    def succeeded(self) -> bool:
        return not (self.died or self.error or self.status >= 300)

    @property
    def told(self) -> str:
        """What the source learns."""
        if self.answer is None:
            return "died" if self.died else repr(self.error) if self.error else "done"
        if isinstance(self.answer.body, bytes):
            return f"{self.answer.status} a file"
        return f"{self.answer.status} {masked({**self.answer.body, 'instance': ''})}"

    @property
    def named(self) -> str:
        """The part of it that is the same whatever went before: that it succeeded, and the ids of what there is."""
        known = self.answer is not None and not isinstance(self.answer.body, bytes)
        return f"{self.answer.status // 100}xx {ids(self.answer.body)}" if self.answer and known else self.told


@dataclass(frozen=True, slots=True)
class Course:
    """How it goes when nothing goes wrong: the first delivery, another, and what is so in the end."""

    first: Outcome
    again: Outcome
    facts: frozenset[str]
