"""Works until it is told to stop."""

import signal
import sys
import time

signal.signal(signal.SIGTERM, lambda *_: sys.exit("worker: stopping"))
print("worker: ready")
while True:
    time.sleep(1)
