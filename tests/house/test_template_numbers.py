"""The template's numbers, each held to the reason why it is what it is."""

import ast
import re
from datetime import timedelta
from typing import Any

import pytest

from packhouse import runtime
from packhouse.journal import rollup
from packhouse.operations.invariants import runs
from packhouse.payments import client, stripe
from packhouse.store import mails
from tests.harness import template

MINUTE, HOUR, DAY = 60, 3600, 86_400
LAMBDA_SECONDS_MAX = 15 * MINUTE
STREAM_KEEPS_HOURS = 24
WHOLE_PROCESSOR_MB = 1769


def of_type(kind: str) -> dict[str, Any]:
    return {name: one["Properties"] for name, one in template.resources().items() if one["Type"] == kind}


ALARMS = of_type("AWS::CloudWatch::Alarm")
FUNCTIONS = of_type("AWS::Lambda::Function")
MAPPINGS = of_type("AWS::Lambda::EventSourceMapping")
QUEUES = of_type("AWS::SQS::Queue")


def seconds_of(function: str) -> int:
    seconds: int = FUNCTIONS[function]["Timeout"]
    return seconds


def schedules() -> dict[str, dict[str, Any]]:
    """The schedules, by the function that each of them ticks."""
    found = of_type("AWS::Scheduler::Schedule").values()
    return {one["Target"]["Arn"]["Ref"].removesuffix("Aliaslive"): one for one in found}


def period_of(function: str) -> int:
    """How many seconds are between two ticks."""
    rate = re.fullmatch(r"rate\((\d+) (minute|hour)s?\)", schedules()[function]["ScheduleExpression"])
    assert rate is not None
    return int(rate[1]) * {"minute": MINUTE, "hour": HOUR}[rate[2]]


def constants(function: str) -> dict[str, int]:
    """The whole numbers that the file of a function's handler gives a name."""
    properties = template.functions()[function]
    file = template.ROOT / properties["CodeUri"] / f"{properties['Handler'].partition('.')[0]}.py"
    return {
        node.targets[0].id: node.value.value
        for node in ast.parse(file.read_text()).body
        if isinstance(node, ast.Assign)
        and isinstance(node.targets[0], ast.Name)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, int)
    }


def readers(source: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The mappings that read a source, by the function they call."""
    found = [one for one in MAPPINGS.values() if one["EventSourceArn"] == source]
    return {one["FunctionName"]["Ref"].removesuffix("Aliaslive"): one for one in found}


# --- functions and their time -----------------------------------------------------------------------------------------


def test_the_authorizer_has_the_time_of_its_slowest_calls_and_leaves_the_rest_to_the_function_behind_it() -> None:
    patience: Any = runtime.patience()
    one_call = (patience.connect_timeout + patience.read_timeout) * patience.retries["total_max_attempts"]
    keys_of_the_issuer = 3

    assert one_call + keys_of_the_issuer < seconds_of("AuthorizerFunction") <= 10


@pytest.mark.parametrize("function", sorted({route.function for route in template.routes()} - {"AuthorizerFunction"}))
def test_a_route_has_almost_the_30_seconds_of_the_gateway(function: str) -> None:
    assert 25 <= seconds_of(function) < 30


@pytest.mark.parametrize("function", sorted(name for name in FUNCTIONS if "SECONDS_PER_TICK" in constants(name)))
def test_a_tick_has_a_minute_and_more_to_finish_what_it_has_begun_when_its_time_is_over(function: str) -> None:
    tick = constants(function)["SECONDS_PER_TICK"]

    assert tick + MINUTE <= seconds_of(function) <= LAMBDA_SECONDS_MAX
    assert tick < period_of(function)  # the next tick finds it done


def test_every_tick_of_the_sweep_and_the_rounds_is_bounded_by_a_number() -> None:
    bounded = {name for name in FUNCTIONS if "SECONDS_PER_TICK" in constants(name)}

    assert {"SweepFunction", "RollUpFunction", "AuditFunction"} <= bounded
    assert constants("SweepFunction")["SECONDS_PER_TICK"] == 45


@pytest.mark.parametrize("function", ["ExpireOrdersFunction", "ReconcileFunction"])
def test_a_tick_that_asks_stripe_is_over_when_the_next_one_begins(function: str) -> None:
    one_order = client.CALLS_SECONDS_MAX + stripe.CALL_SECONDS_MAX

    assert 5 * one_order <= seconds_of(function) <= period_of(function)


RATES = {
    "SweepFunction": MINUTE,  # licenses of a lease that has ended are back within a minute or two
    "ExpireOrdersFunction": 5 * MINUTE,  # an order reads as expired at once; its page is closed soon after
    "ReconcileFunction": 15 * MINUTE,  # who paid is served within a quarter of an hour, though a webhook was lost
    "RollUpFunction": HOUR,  # days close at another hour in each zone
    "AuditFunction": HOUR,  # damage counts once two looks have seen it
}


def test_each_schedule_ticks_as_often_as_its_work_asks_for() -> None:
    assert {function: period_of(function) for function in schedules()} == RATES


@pytest.mark.parametrize("function", sorted(RATES))
def test_a_schedule_that_could_not_call_tries_again_only_where_its_next_tick_is_no_better(function: str) -> None:
    tries = schedules()[function]["Target"]["RetryPolicy"]["MaximumRetryAttempts"]

    assert tries == (2 if function in {"ExpireOrdersFunction", "ReconcileFunction"} else 0)
    assert schedules()[function]["State"] == {"Ref": "ScheduleState"}


MEMORY_MB = {
    "DocumentsFunction": WHOLE_PROCESSOR_MB,  # a workbook is computed while somebody waits for it
    "RollUpFunction": 1024,  # it keeps the entries of a busy day
    "AuditFunction": 4096,  # it keeps all items and entries of a workgroup
}


def test_each_function_has_the_memory_of_what_it_keeps() -> None:
    assert {name: one["MemorySize"] for name, one in FUNCTIONS.items()} == {
        **dict.fromkeys(FUNCTIONS, 512),
        **MEMORY_MB,
    }


# --- queues and streams -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("queue", ["StripeEvents", "Mails"])
def test_a_message_is_hidden_six_times_as_long_as_its_reader_may_take_and_hardly_longer(queue: str) -> None:
    (function,) = readers({"Fn::GetAtt": [queue, "Arn"]})

    hidden = QUEUES[queue]["VisibilityTimeout"]

    assert 6 * seconds_of(function) <= hidden <= 7 * seconds_of(function)
    assert timedelta(seconds=hidden) > mails.CLAIM  # a mail that nobody can be sending any more can be claimed again


@pytest.mark.parametrize("queue", ["StripeEvents", "Mails"])
def test_a_message_has_five_tries_one_at_a_time_and_is_given_up_within_an_hour(queue: str) -> None:
    (mapping,) = readers({"Fn::GetAtt": [queue, "Arn"]}).values()

    tries = QUEUES[queue]["RedrivePolicy"]["maxReceiveCount"]

    assert tries == 5
    assert tries * QUEUES[queue]["VisibilityTimeout"] <= HOUR
    assert mapping["BatchSize"] == 1  # one that fails comes back alone


@pytest.mark.parametrize("queue", sorted(QUEUES))
def test_a_message_waits_for_somebody_as_long_as_a_queue_can_keep_it(queue: str) -> None:
    assert QUEUES[queue]["MessageRetentionPeriod"] == 14 * DAY


@pytest.mark.parametrize("function", ["JournalFunction", "WatchFunction"])
def test_a_batch_of_the_stream_that_fails_is_halved_until_only_what_is_wrong_waits(function: str) -> None:
    mapping = readers({"Fn::GetAtt": ["Table", "StreamArn"]})[function]

    assert mapping["BisectBatchOnFunctionError"] is True
    assert mapping["BatchSize"] == 100  # what a minute is enough for, also where each takes a try more
    assert mapping["StartingPosition"] == "TRIM_HORIZON"
    assert seconds_of(function) == MINUTE


def test_the_watch_gives_up_after_as_many_tries_as_it_takes_to_find_one_record_among_a_hundred() -> None:
    assert readers({"Fn::GetAtt": ["Table", "StreamArn"]})["WatchFunction"]["MaximumRetryAttempts"] == 5


# --- alarms -----------------------------------------------------------------------------------------------------------

AT_ONCE, SOON, WITHIN_AN_HOUR = MINUTE, 5 * MINUTE, HOUR
ONCE_IS_TOO_OFTEN = {
    "FailedPaymentEvents": ("Maximum", AT_ONCE),
    "UnsentMails": ("Maximum", AT_ONCE),
    "UnwatchedChanges": ("Maximum", AT_ONCE),
    "OddPayments": ("Sum", SOON),
    "ParkedItems": ("Sum", SOON),
    "FailedExpiries": ("Sum", WITHIN_AN_HOUR),
    "FailedReconciliations": ("Sum", WITHIN_AN_HOUR),
    "FailedAudits": ("Sum", WITHIN_AN_HOUR),
    "Violations": ("Sum", WITHIN_AN_HOUR),
}
"""Of what these count nothing is to be there; an alarm comes within one period of the first."""


@pytest.mark.parametrize("name", sorted(ONCE_IS_TOO_OFTEN))
def test_what_is_never_to_happen_raises_an_alarm_the_first_time(name: str) -> None:
    alarm = ALARMS[name]

    assert (alarm["Threshold"], alarm["EvaluationPeriods"]) == (0, 1)
    assert (alarm["Statistic"], alarm["Period"]) == ONCE_IS_TOO_OFTEN[name]
    assert alarm["TreatMissingData"] == "notBreaching"


def test_usage_is_behind_once_three_ticks_in_a_row_have_failed() -> None:
    alarm = ALARMS["UsageBehind"]

    assert (alarm["Statistic"], alarm["Threshold"], alarm["EvaluationPeriods"]) == ("Sum", 0, 3)
    assert alarm["Period"] == period_of("RollUpFunction")
    assert alarm["TreatMissingData"] == "notBreaching"


def test_the_sweep_is_behind_once_it_was_ten_minutes_late_for_a_quarter_of_an_hour() -> None:
    alarm = ALARMS["SweepBehind"]

    assert (alarm["Statistic"], alarm["Threshold"]) == ("Maximum", 10 * MINUTE)
    assert alarm["Period"] * alarm["EvaluationPeriods"] == 15 * MINUTE
    assert alarm["Period"] >= 5 * period_of("SweepFunction")  # a tick or two that failed are no silence


def test_the_expiry_is_behind_once_it_was_half_an_hour_late_or_silent_for_half_an_hour() -> None:
    alarm = ALARMS["ExpiryBehind"]

    assert (alarm["Statistic"], alarm["Threshold"]) == ("Maximum", 30 * MINUTE)
    assert alarm["Period"] * alarm["EvaluationPeriods"] == 30 * MINUTE
    assert alarm["Period"] >= 3 * period_of("ExpireOrdersFunction")  # a tick or two that failed are no silence
    assert alarm["TreatMissingData"] == "breaching"


def test_the_journal_lags_once_a_change_has_waited_ten_minutes_long_before_the_stream_forgets_it() -> None:
    alarm = ALARMS["JournalLag"]

    waited = timedelta(milliseconds=alarm["Threshold"])
    told_after = waited + timedelta(seconds=alarm["Period"] * alarm["EvaluationPeriods"])

    assert (alarm["Statistic"], waited) == ("Maximum", timedelta(minutes=10))
    assert alarm["Period"] == MINUTE
    assert told_after < rollup.CAUGHT_UP_AFTER  # else a day would be counted before anybody knew
    assert told_after < timedelta(hours=STREAM_KEEPS_HOURS)


def test_every_alarm_is_in_a_test_above_and_calls_somebody() -> None:
    assert ALARMS.keys() == {*ONCE_IS_TOO_OFTEN, "UsageBehind", "SweepBehind", "ExpiryBehind", "JournalLag"}
    for name, alarm in ALARMS.items():
        assert alarm["AlarmActions"] == [{"Ref": "Alarms"}], name
        assert alarm["ComparisonOperator"] == "GreaterThanThreshold", name


def test_every_metric_that_is_written_is_read_by_an_alarm_and_no_alarm_waits_for_one_that_is_not() -> None:
    transformations = [
        one for found in of_type("AWS::Logs::MetricFilter").values() for one in found["MetricTransformations"]
    ]

    written = {(str(one["MetricNamespace"]), one["MetricName"]) for one in transformations}

    ours = str({"Ref": "AWS::StackName"})
    read = {(str(alarm["Namespace"]), alarm["MetricName"]) for alarm in ALARMS.values()}
    assert written == {one for one in read if one[0] == ours}


@pytest.mark.parametrize("function", sorted(RATES.keys() - {"SweepFunction"}))
def test_an_alarm_about_a_schedule_counts_over_at_least_one_tick(function: str) -> None:
    (alarm,) = (
        one
        for one in ALARMS.values()
        if {"Name": "FunctionName", "Value": {"Ref": function}} in one.get("Dimensions", [])
    )

    assert (alarm["Namespace"], alarm["MetricName"]) == ("AWS/Lambda", "Errors")
    assert period_of(function) <= alarm["Period"] <= HOUR


# --- people and policies ----------------------------------------------------------------------------------------------


def test_nobody_signs_up_by_themselves() -> None:
    (pool,) = of_type("AWS::Cognito::UserPool").values()

    assert pool["AdminCreateUserConfig"] == {"AllowAdminCreateUserOnly": True}
    assert pool["DeletionProtection"] == "ACTIVE"
    assert pool["AutoVerifiedAttributes"] == pool["UsernameAttributes"] == ["email"]


def test_a_password_is_long_rather_than_odd() -> None:
    (pool,) = of_type("AWS::Cognito::UserPool").values()
    policy = pool["Policies"]["PasswordPolicy"]

    assert policy.pop("MinimumLength") == 14
    assert set(policy.values()) == {False}
    assert (pool["MfaConfiguration"], pool["EnabledMfas"]) == ("OPTIONAL", ["SOFTWARE_TOKEN_MFA"])


UNITS = ("AccessToken", "IdToken", "RefreshToken")


def test_the_console_never_sends_a_password_and_its_tokens_last_an_hour() -> None:
    (console,) = of_type("AWS::Cognito::UserPoolClient").values()

    assert console["ExplicitAuthFlows"] == ["ALLOW_USER_SRP_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"]
    assert console["GenerateSecret"] is False  # a page in a browser keeps none
    assert console["PreventUserExistenceErrors"] == "ENABLED"
    assert console["EnableTokenRevocation"] is True
    assert console["AccessTokenValidity"] == console["IdTokenValidity"] == {"Ref": "AccessTokenHours"}
    assert console["RefreshTokenValidity"] == 30
    assert sorted(console["TokenValidityUnits"].items()) == list(zip(UNITS, ("hours", "hours", "days"), strict=True))
    assert template.raw()["Parameters"]["AccessTokenHours"]["Default"] == 1


BOUNDS = {
    "AuthorizerTtlSeconds": (0, 60, HOUR),  # the gateway keeps an answer for an hour at the most
    "AccessTokenHours": (1, 1, 24),  # Cognito's own most
    "LeaseHoursAfterPackExpiry": (0, 24, None),
    "RunDaysMax": (1, 30, None),
    "PacksPerRunMax": (1, 5, 5),  # a run on more would take more than the meter allows for
    "RetriesPerRootMax": (0, 10, runs.RETRIES_MAX),  # the auditor takes more for damage
    "InactivityMonths": (1, 6, None),
    "PackReminderDays": (1, 30, None),
    "ProjectWarningDays": (1, 30, 30),  # a project may end after 31 days
    "ProjectSecondWarningDays": (1, 7, 30),
    "ProjectLastWarningDays": (1, 1, 30),
    "CardOrderHours": (1, 24, 24),  # Stripe keeps a pay page open for no longer
    "CheckoutMinutesMin": (31, 31, 23 * 60),  # Stripe asks for half an hour, and its clock may be another
}


def test_a_number_of_a_deployment_has_a_default_and_the_bounds_that_others_set() -> None:
    numbers = {
        name: (one.get("MinValue"), one["Default"], one.get("MaxValue"))
        for name, one in template.raw()["Parameters"].items()
        if one["Type"] == "Number" and "AllowedValues" not in one
    }

    assert numbers == BOUNDS


def test_log_lines_are_kept_for_a_quarter_and_at_most_for_a_year() -> None:
    days = template.raw()["Parameters"]["LogDays"]

    assert (days["Default"], max(days["AllowedValues"])) == (90, 365)
    assert {one["RetentionInDays"]["Ref"] for one in of_type("AWS::Logs::LogGroup").values()} == {"LogDays"}
