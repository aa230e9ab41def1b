"""The fuzz finds what is planted: it fails where it should, and only there."""

import pytest

from tests.proofs.fuzz.running import Ended, ended


@pytest.fixture(scope="module")
def planted() -> Ended:
    return ended("tests.proofs.fuzz.planted")


def test_an_api_with_a_wrong_answer_fails_and_a_right_one_passes(planted: Ended) -> None:
    right = ended("tests.proofs.fuzz.planted", "/right")

    assert (planted.status, right.status) == (1, 0)
    assert planted.of("GET /right") == "2 cases - 200: 2"


def test_a_fuzz_of_nothing_fails() -> None:
    assert ended("tests.proofs.fuzz.planted", "/of-no-route").status == 1


@pytest.mark.parametrize(
    ("path", "told"),
    [
        ("/broken", "Server error"),
        ("/unavailable", "Server error"),
        ("/no-such-status", "Undocumented status code: Received: 202"),
        ("/other-type", '"true" is not of type "boolean"'),
        ("/member-missing", '"is" is a required property'),
        ("/member-too-many", "'secret' was unexpected"),
        ("/other-media-type", "Undocumented Content-Type: Received: text/html"),
        ("/no-json", "Response must be valid JSON"),
        ("/other-problem", "Undocumented problem: not-permitted"),
        ("/other-status-inside", "Two statuses: the problem's is 403"),
        ("/gateways-own", "Undocumented Content-Type: Received: application/json"),
        ("/blind", "the fuzz was blind"),
        ("/open-to-strangers/{wg}", "A stranger is answered"),
    ],
)
def test_each_kind_of_wrong_answer_is_told(planted: Ended, path: str, told: str) -> None:
    assert told in planted.of(f"GET {path}")
