"""Audits the running local stack: two ticks of the auditor, one after the other. Exits with 1 if something looks wrong.

The second tick comes too soon to write findings. Here its suspects count all the same, because no request is under way.
"""

import http.client
import json
import sys
from urllib.parse import urlsplit

from dev.config import StartError, from_environment
from dev.template import ROOT

SECONDS_MAX = 900  # as long as the function may take
LOG = "AuditFunction.log"


def main() -> int:
    try:
        config = from_environment(ROOT)
        counts = [tick(config.origin) for _ in range(2)]
    except (StartError, OSError) as error:
        sys.stderr.write(f"No local stack answers here; `make run` starts one. ({error})\n")
        return 1
    wrong = counts[1]["suspects"]
    sys.stdout.write(f"{counts[1]['workgroups']} workgroups: {wrong} things look wrong\n")
    if wrong:
        sys.stdout.write(f"{config.logs / LOG} names them; earlier findings are in the workgroups' journals.\n")
    return min(wrong, 1)


def tick(origin: str) -> dict[str, int]:
    connection = http.client.HTTPConnection(urlsplit(origin).netloc, timeout=SECONDS_MAX)
    connection.request("POST", "/dev/jobs/audit")
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    if answer.status != http.HTTPStatus.OK:
        raise StartError(body.decode(errors="replace"))
    counts: dict[str, int] = json.loads(body)
    return counts


if __name__ == "__main__":
    sys.exit(main())
