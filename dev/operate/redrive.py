"""Gives failed messages another try: `python -m dev.operate.redrive packhouse-production FailedMails`.

Run it with AWS credentials, after the cause of the failures is mended. It moves the messages of a queue of failed
messages back to the queue from which they came. SQS moves them, and goes on after this program has ended.
"""

import argparse
import sys
from typing import TYPE_CHECKING

import boto3

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

_QUEUES = ("FailedStripeEvents", "FailedMails")


def main() -> int:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("stack", help="the name of the deployed stack")
    arguments.add_argument("queue", choices=_QUEUES, help="the logical id of the queue of failed messages")
    given = arguments.parse_args()
    resource = boto3.client("cloudformation").describe_stack_resource(
        StackName=given.stack, LogicalResourceId=given.queue
    )
    url = resource["StackResourceDetail"]["PhysicalResourceId"]
    sys.stdout.write(f"{redrive(boto3.client('sqs'), url)} messages go back\n")
    return 0


def redrive(queue: "SQSClient", url: str) -> int:
    """Start the move, and return about how many messages wait."""
    attributes = queue.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn", "ApproximateNumberOfMessages"])
    waiting = int(attributes["Attributes"]["ApproximateNumberOfMessages"])
    (source_url,) = queue.list_dead_letter_source_queues(QueueUrl=url)["queueUrls"]
    source = queue.get_queue_attributes(QueueUrl=source_url, AttributeNames=["QueueArn"])
    if waiting:  # The destination is named because SQS doesn't know it for messages that the bus put there.
        queue.start_message_move_task(
            SourceArn=attributes["Attributes"]["QueueArn"], DestinationArn=source["Attributes"]["QueueArn"]
        )
    return waiting


if __name__ == "__main__":
    sys.exit(main())
