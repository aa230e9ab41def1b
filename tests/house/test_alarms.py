"""The template's alarms, queues and streams: a failure reaches somebody."""

from datetime import timedelta

import pytest

from packhouse.domain import journal
from packhouse.journal import bus
from packhouse.notifications import mailing
from packhouse.operations import auditing
from packhouse.store import mails
from packhouse.sweep import engine
from tests.harness import template


def test_the_alarm_reaches_its_topic() -> None:
    alarm, topic = template.resources()["JournalLag"]["Properties"], template.resources()["Alarms"]

    assert alarm["AlarmActions"] == [{"Ref": "Alarms"}]
    assert "KmsMasterKeyId" not in topic.get("Properties", {})  # CloudWatch may not use SNS's own key


def test_the_bus_hands_on_just_the_events_that_ask_for_a_mail_to_a_queue_that_takes_them_from_it_alone() -> None:
    rule = template.resources()["MailEvents"]["Properties"]
    policies = [template.resources()[name]["Properties"] for name in ("MailsPolicy", "FailedMailsPolicy")]

    assert rule["EventPattern"] == {"source": [bus.SOURCE], "detail-type": sorted(mailing.MAILS_ON)}
    assert [target["Arn"] for target in rule["Targets"]] == [{"Fn::GetAtt": ["Mails", "Arn"]}]
    assert [target["DeadLetterConfig"] for target in rule["Targets"]] == [
        {"Arn": {"Fn::GetAtt": ["FailedMails", "Arn"]}}
    ]
    assert [policy["Queues"] for policy in policies] == [[{"Ref": "Mails"}], [{"Ref": "FailedMails"}]]
    for policy in policies:
        (statement,) = policy["PolicyDocument"]["Statement"]
        assert statement["Principal"] == {"Service": "events.amazonaws.com"}
        assert statement["Condition"] == {"ArnEquals": {"aws:SourceArn": {"Fn::GetAtt": ["MailEvents", "Arn"]}}}


FAILED = {"FailedStripeEvents", "FailedMails", "FailedWatches"}


@pytest.mark.parametrize("queue", sorted(template.of_type("AWS::SQS::Queue").keys() - FAILED))
def test_what_a_queue_gives_up_waits_in_another_that_has_an_alarm(queue: str) -> None:
    properties = template.resources()[queue]["Properties"]
    (mapping,) = (
        one["Properties"]
        for one in template.of_type("AWS::Lambda::EventSourceMapping").values()
        if one["Properties"]["EventSourceArn"] == {"Fn::GetAtt": [queue, "Arn"]}
    )
    reader = template.of_type("AWS::Lambda::Function")[mapping["FunctionName"]["Ref"].removesuffix("Aliaslive")]
    (failed, _) = properties["RedrivePolicy"]["deadLetterTargetArn"]["Fn::GetAtt"]
    watched = [
        alarm["Properties"]["AlarmActions"]
        for alarm in template.of_type("AWS::CloudWatch::Alarm").values()
        if {"Fn::GetAtt": [failed, "QueueName"]} in [one["Value"] for one in alarm["Properties"].get("Dimensions", [])]
    ]

    assert properties["VisibilityTimeout"] >= 6 * reader["Properties"]["Timeout"]  # what AWS advises
    assert timedelta(seconds=properties["VisibilityTimeout"]) > mails.CLAIM
    assert watched == [[{"Ref": "Alarms"}]]


def test_what_the_watch_gives_up_is_told_to_a_queue_that_has_an_alarm() -> None:
    mapping = template.of_type("AWS::Lambda::EventSourceMapping")["WatchFunctionChanges"]["Properties"]
    alarm = template.resources()["UnwatchedChanges"]["Properties"]

    assert mapping["DestinationConfig"] == {"OnFailure": {"Destination": {"Fn::GetAtt": ["FailedWatches", "Arn"]}}}
    assert mapping["BisectBatchOnFunctionError"] is True
    assert 0 < mapping["MaximumRetryAttempts"] < 10
    assert alarm["Dimensions"] == [{"Name": "QueueName", "Value": {"Fn::GetAtt": ["FailedWatches", "QueueName"]}}]
    assert alarm["AlarmActions"] == [{"Ref": "Alarms"}]


def test_a_stream_has_no_more_readers_than_it_has_room_for() -> None:
    mappings = [one["Properties"] for one in template.of_type("AWS::Lambda::EventSourceMapping").values()]
    readers = [one for one in mappings if one["EventSourceArn"] == {"Fn::GetAtt": ["Table", "StreamArn"]}]

    assert len(readers) <= 2


def test_what_the_auditor_finds_or_cannot_look_at_raises_an_alarm() -> None:
    found = template.resources()["ViolatedInvariant"]["Properties"]

    waited_for = " || ".join(f'$.message = "{line}"' for line in (auditing.VIOLATED, auditing.UNAUDITED))
    assert found["FilterPattern"] == f"{{ {waited_for} }}"
    assert template.resources()["Violations"]["Properties"]["AlarmActions"] == [{"Ref": "Alarms"}]


def test_a_workgroup_that_is_erased_raises_the_same_alarm() -> None:
    found = template.resources()["ErasedWorkgroup"]["Properties"]

    assert found["LogGroupName"] == {"Ref": "JournalLogs"}
    assert found["FilterPattern"] == f'{{ $.message = "{journal.WORKGROUP_ERASED}" }}'
    assert found["MetricTransformations"][0]["MetricName"] == "Violations"


def test_lambda_does_not_tick_again_what_failed() -> None:
    ticked = {
        one["Properties"]["Target"]["Arn"]["Ref"] for one in template.of_type("AWS::Scheduler::Schedule").values()
    }
    retries = {
        f"{one['Properties']['FunctionName']['Ref']}Alias{one['Properties']['Qualifier']}": (
            one["Properties"]["MaximumRetryAttempts"]
        )
        for one in template.of_type("AWS::Lambda::EventInvokeConfig").values()
    }

    assert retries == dict.fromkeys(ticked, 0)


@pytest.mark.parametrize("function", ["AuditFunction", "ExpireOrdersFunction", "ReconcileFunction"])
def test_a_schedule_that_fails_raises_an_alarm(function: str) -> None:
    (alarm,) = (
        one["Properties"]
        for one in template.of_type("AWS::CloudWatch::Alarm").values()
        if one["Properties"].get("Dimensions") == [{"Name": "FunctionName", "Value": {"Ref": function}}]
    )

    assert (alarm["Namespace"], alarm["MetricName"]) == ("AWS/Lambda", "Errors")
    assert alarm["AlarmActions"] == [{"Ref": "Alarms"}]


TICKS = {
    "SweepFunction": ("SweepLateness", "SweepBehind", "ParkedItem"),
    "ExpireOrdersFunction": ("ExpiryLateness", "ExpiryBehind", "ParkedOrder"),
}


@pytest.mark.parametrize("function", TICKS)
def test_queues_that_are_behind_or_silent_and_items_that_are_parked_raise_alarms(function: str) -> None:
    late, behind, parked, items = (
        template.resources()[name]["Properties"] for name in (*TICKS[function], "ParkedItems")
    )

    log = template.functions()[function]["LoggingConfig"]["LogGroup"]
    assert late["LogGroupName"] == parked["LogGroupName"] == log
    assert late["FilterPattern"] == f'{{ $.message = "{engine.SWEPT}" }}'
    assert late["MetricTransformations"][0]["MetricValue"] == "$.late_seconds"
    assert behind["TreatMissingData"] == "breaching"
    assert parked["FilterPattern"] == f'{{ $.message = "{engine.PARKED}" }}'
    assert behind["Period"] * behind["EvaluationPeriods"] <= 1800
    assert behind["Threshold"] <= 1800
    for alarm, metric in ((behind, late), (items, parked)):
        assert alarm["MetricName"] == metric["MetricTransformations"][0]["MetricName"]
        assert alarm["AlarmActions"] == [{"Ref": "Alarms"}]


def test_log_lines_name_the_service() -> None:
    variables = template.raw()["Globals"]["Function"]["Environment"]["Variables"]

    assert variables["POWERTOOLS_SERVICE_NAME"] == {"Fn::Sub": "packhouse-${Stage}"}


def test_no_record_of_the_stream_is_given_up() -> None:
    properties = template.of_type("AWS::Lambda::EventSourceMapping")["JournalFunctionChanges"]["Properties"]

    assert "MaximumRetryAttempts" not in properties
    assert "MaximumRecordAgeInSeconds" not in properties
    assert properties["StartingPosition"] == "TRIM_HORIZON"
    assert "JournalLag" in template.resources()
