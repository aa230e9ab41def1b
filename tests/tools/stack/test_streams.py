"""What a stream's reader is given, and how it is known how far it has come."""

import json
from pathlib import Path
from typing import Any

import pytest

from dev.config import StartError
from dev.hosting.worker import BatchItemFailures, Context, Served, result
from dev.ministack import patterns
from dev.ministack.streams import Bookmark, Reading

CONTEXT = Context(
    function_name="f",
    function_version="1",
    invoked_function_arn="arn",
    memory_limit_in_mb=128,
    aws_request_id="r",
    log_group_name="g",
    log_stream_name="s",
    deadline_ms=0,
)
PACKS = json.dumps({"dynamodb": {"Keys": {"SK": {"S": [{"prefix": "PACK#"}]}}}})


def record(number: int, key: str = "PACK#1", *, name: str = "INSERT") -> dict[str, Any]:
    return {
        "eventSource": "aws:dynamodb",
        "eventName": name,
        "dynamodb": {"Keys": {"SK": {"S": key}}, "SequenceNumber": str(number), "NewImage": {"n": {"N": "7"}}},
    }


class Handler:
    """Remembers the batches it was given."""

    def __init__(self, answer: object = None) -> None:
        self.answer = answer
        self.batches: list[list[str]] = []

    def __call__(self, event: Any, _context: Context) -> Any:
        self.batches.append([each["dynamodb"]["SequenceNumber"] for each in event.get("Records", [])])
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


@pytest.fixture
def bookmark(tmp_path: Path) -> Bookmark:
    return Bookmark(tmp_path / "bookmark")


def served(handler: Handler, bookmark: Bookmark, *filters: str, gives_back: bool = False) -> Served:
    reading = Reading(tuple(patterns.parsed(each) for each in filters), gives_back=gives_back)
    return Served(handler=handler, reading=reading, bookmark=bookmark)


def test_a_batch_that_was_taken_moves_the_bookmark(tmp_path: Path, bookmark: Bookmark) -> None:
    handler = Handler()

    result(served(handler, bookmark), {"Records": [record(1), record(2)]}, CONTEXT)

    assert handler.batches == [["1", "2"]]
    assert str(bookmark) == "2"
    assert str(Bookmark(tmp_path / "bookmark")) == "2"


def test_a_batch_that_failed_does_not(bookmark: Bookmark) -> None:
    with pytest.raises(ValueError, match="no luck"):
        result(served(Handler(ValueError("no luck")), bookmark), {"Records": [record(1)]}, CONTEXT)

    assert str(bookmark) == ""


def test_records_given_back_are_delivered_again(bookmark: Bookmark) -> None:
    answer = {"batchItemFailures": [{"itemIdentifier": "2"}]}

    with pytest.raises(BatchItemFailures, match="1 of 2"):
        result(served(Handler(answer), bookmark, gives_back=True), {"Records": [record(1), record(2)]}, CONTEXT)

    assert str(bookmark) == ""


def test_a_reader_that_may_not_give_back_is_not_asked(bookmark: Bookmark) -> None:
    answer = {"batchItemFailures": [{"itemIdentifier": "1"}]}

    result(served(Handler(answer), bookmark), {"Records": [record(1)]}, CONTEXT)

    assert str(bookmark) == "1"


def test_a_filter_lets_only_its_records_through(bookmark: Bookmark) -> None:
    handler = Handler()
    records = [record(1, "PACK#1"), record(2, "WG"), record(3, "PACK#2"), record(4, "RUN#1")]

    result(served(handler, bookmark, PACKS), {"Records": records}, CONTEXT)

    assert handler.batches == [["1", "3"]]
    assert str(bookmark) == "4"


def test_a_handler_is_not_called_for_nothing(bookmark: Bookmark) -> None:
    handler = Handler()

    result(served(handler, bookmark, PACKS), {"Records": [record(1, "WG")]}, CONTEXT)

    assert handler.batches == []
    assert str(bookmark) == "1"


def test_events_of_other_sources_are_passed_on_whole(bookmark: Bookmark) -> None:
    handler = Handler({"batchItemFailures": [{"itemIdentifier": "m"}]})
    event = {"Records": [{"eventSource": "aws:sqs", "dynamodb": {"SequenceNumber": "9"}}]}

    assert result(served(handler, bookmark, PACKS, gives_back=True), event, CONTEXT) == handler.answer
    assert str(bookmark) == ""


@pytest.mark.parametrize(
    ("pattern", "matched"),
    [
        ({"eventName": ["INSERT", "MODIFY"]}, True),
        ({"eventName": ["REMOVE"]}, False),
        ({"eventName": [{"anything-but": ["REMOVE"]}]}, True),
        ({"eventName": [{"anything-but": {"prefix": "INS"}}]}, False),
        ({"eventName": [{"equals-ignore-case": "insert"}]}, True),
        ({"dynamodb": {"Keys": {"SK": {"S": [{"suffix": "#1"}]}}}}, True),
        ({"dynamodb": {"OldImage": [{"exists": False}]}}, True),
        ({"dynamodb": {"OldImage": {"n": {"N": [{"anything-but": "7"}]}}}}, False),
        ({"dynamodb": {"NewImage": {"n": {"N": [{"exists": True}]}}}}, True),
        ({"eventName": ["INSERT"], "dynamodb": {"Keys": {"SK": {"S": ["WG"]}}}}, False),
        ({"eventName": [{"anything-but": ["INSERT"]}, {"prefix": "I"}]}, True),
        ({"tags": ["b"]}, True),
    ],
)
def test_patterns_match_as_lambda_reads_them(pattern: dict[str, Any], matched: bool) -> None:
    assert patterns.matches(pattern, record(1) | {"tags": ["a", "b"]}) is matched


def test_an_operator_that_is_not_known_is_refused() -> None:
    with pytest.raises(StartError, match="numeric"):
        patterns.parsed('{"dynamodb": {"NewImage": {"n": {"N": [{"numeric": [">", 5]}]}}}}')
