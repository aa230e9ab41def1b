"""Gives the messages that failed another try: `python -m dev.operate.redrive packhouse-production FailedMails`.

Run it with AWS credentials, after what made them fail is mended. It moves what waits in a queue of failed messages back
into the queue it came from; SQS does the moving, and goes on when this has ended.
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
    """Start the move, and say how many messages wait there, about."""
    attributes = queue.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn", "ApproximateNumberOfMessages"])
    waiting = int(attributes["Attributes"]["ApproximateNumberOfMessages"])
    (source_url,) = queue.list_dead_letter_source_queues(QueueUrl=url)["queueUrls"]
    source = queue.get_queue_attributes(QueueUrl=source_url, AttributeNames=["QueueArn"])
    if waiting:  # also what the bus has left there, which SQS couldn't tell the way back
        queue.start_message_move_task(
            SourceArn=attributes["Attributes"]["QueueArn"], DestinationArn=source["Attributes"]["QueueArn"]
        )
    return waiting


if __name__ == "__main__":
    sys.exit(main())
