import time
from datetime import UTC, date, datetime

# ruleid: no-naive-time
# ruleid: packhouse-clock-decides
now = datetime.now()
# ruleid: no-naive-time
# ruleid: packhouse-clock-decides
now = datetime.utcnow()
# ruleid: no-naive-time
# ruleid: packhouse-clock-decides
now = datetime.today()
# ruleid: no-naive-time
# ruleid: packhouse-clock-decides
today = date.today()
# ruleid: no-naive-time
then = datetime.fromtimestamp(seconds)
# ok: no-naive-time
then = datetime.fromtimestamp(seconds, UTC)

# ruleid: packhouse-clock-decides
# ok: no-naive-time
now = datetime.now(UTC)
# ruleid: packhouse-clock-decides
seconds = time.time()
# ok: packhouse-clock-decides
started = time.monotonic()
# ok: packhouse-clock-decides
now = runtime.now()
