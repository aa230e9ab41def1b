# ruleid: write-has-a-condition
table.put(item)
# ruleid: write-has-a-condition
self._table.update(keys.pack(wg, pack), "SET #state = :state", state=state)
# ruleid: write-has-a-condition
runtime.table().stamped(stamp).put(item)
# ruleid: write-has-a-condition
table.put(item, only_if="")
# ok: write-has-a-condition
table.put(item, only_if="attribute_not_exists(PK)")
# ok: write-has-a-condition
schema.update(present)

# ruleid: write-has-a-condition
client.put_item(TableName=name, Item=item)
# ruleid: write-has-a-condition
client.update_item(TableName=name, Key=key, UpdateExpression=expression)
# ruleid: write-has-a-condition
patiently(client.put_item, TableName=name, Item=item)
# ok: write-has-a-condition
client.put_item(TableName=name, Item=item, ConditionExpression=rule)
# ok: write-has-a-condition
patiently(client.put_item, TableName=name, Item=item, ConditionExpression=rule)

client.transact_write_items(
    TransactItems=[
        # ruleid: write-has-a-condition
        {"Put": {"TableName": name, "Item": item}},
        # ruleid: write-has-a-condition
        {"Update": {"TableName": name, "Key": key, "UpdateExpression": expression}},
        # ok: write-has-a-condition
        {"Put": {"TableName": name, "Item": item, "ConditionExpression": rule}},
    ]
)

# ruleid: no-scan
client.scan(TableName=name)
# ruleid: no-scan
patiently(client.scan, TableName=name)
# ruleid: no-scan
client.get_paginator("scan")
# ruleid: no-scan
client.execute_statement(Statement=statement)
# ok: no-scan
client.query(TableName=name, KeyConditionExpression=partition)

# ruleid: no-delete
client.delete_item(TableName=name, Key=key, ConditionExpression=rule)
# ruleid: no-delete
actions = [{"Delete": {"TableName": name, "Key": key, "ConditionExpression": rule}}]
# ok: no-delete
actions = [{"ConditionCheck": {"TableName": name, "Key": key, "ConditionExpression": rule}}]

# ruleid: no-batch-write
client.batch_write_item(RequestItems=puts)
# ruleid: no-batch-write
with resource.Table(name).batch_writer() as batch: ...
# ok: no-batch-write
client.batch_get_item(RequestItems=wanted)
