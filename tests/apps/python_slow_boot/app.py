"""Listens after some seconds."""

import os
import time
from http.server import BaseHTTPRequestHandler, HTTPServer


class Hello(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"hello\n")


time.sleep(float(os.environ.get("BOOT_SECONDS", "4")))
HTTPServer(("", int(os.environ["PORT"])), Hello).serve_forever()
