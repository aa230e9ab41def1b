"""The stack's tables, emptied."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import WriteRequestTypeDef

_BATCH = 25
"""BatchWriteItem takes no more."""


def empty(dynamodb: DynamoDBClient, table: str) -> None:
    """Delete every item, one page after the other."""
    keys = [each["AttributeName"] for each in dynamodb.describe_table(TableName=table)["Table"]["KeySchema"]]
    pages = dynamodb.get_paginator("scan").paginate(
        TableName=table,
        ProjectionExpression=", ".join(f"#{number}" for number, _ in enumerate(keys)),
        ExpressionAttributeNames={f"#{number}": key for number, key in enumerate(keys)},
    )
    found = [item for page in pages for item in page["Items"]]
    for first in range(0, len(found), _BATCH):
        deletes: list[WriteRequestTypeDef] = [{"DeleteRequest": {"Key": key}} for key in found[first : first + _BATCH]]
        dynamodb.batch_write_item(RequestItems={table: deletes})  # ministack leaves nothing unprocessed.
