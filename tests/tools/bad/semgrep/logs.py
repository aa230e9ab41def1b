def handler(event, context):
    # ruleid: no-whole-event-in-a-log
    logger.info(event)
    # ruleid: no-whole-event-in-a-log
    logger.info("received", event=event)
    # ruleid: no-whole-event-in-a-log
    logger.warning(f"received {event}")
    # ruleid: no-whole-event-in-a-log
    self._logger.error("received", extra={"body": json.dumps(event)})
    # ruleid: no-whole-event-in-a-log
    logger.info("received", body=event["body"])
    # ruleid: no-whole-event-in-a-log
    logger.info("received", sent=event.get("headers", {}))
    # ruleid: no-whole-event-in-a-log
    logger.append_keys(headers=api.current_event.headers)
    # ruleid: no-whole-event-in-a-log
    print(raw_body(event))
    # ok: no-whole-event-in-a-log
    logger.info("received", kind=event["kind"], event_id=event.event_id, size=len(body))
    # ok: no-whole-event-in-a-log
    store(event)


# ruleid: no-whole-event-in-a-log
@logger.inject_lambda_context(log_event=True)
def logged(event, context): ...
