"""The sample app: one page that shows which process answered."""

import os

from flask import Flask, request

app = Flask(__name__)

PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Hello</title>
<style>
  body { font: 18px/1.6 system-ui, sans-serif; display: grid; place-items: center; min-height: 90vh; margin: 0 1.5rem;
         color: #1d2433; background: #f6f7fb; }
  @media (prefers-color-scheme: dark) { body { color: #e6e9f2; background: #12151d; } }
  h1 { font-size: 2.2rem; margin: 0; } code { font-size: .95em; }
</style></head><body><main>
<h1>It is live.</h1>
<p>This came from a <code>git push</code>. Process <code>PROCESS</code> answered.</p>
<p>Scale it in the console, reload this page, and see others answer too.</p>
</main></body></html>
"""


@app.get("/")
def index() -> str:
    return PAGE.replace("PROCESS", os.environ.get("DYNO", "?"))


@app.get("/headers")
def headers() -> dict[str, str]:
    """What the router adds to a request."""
    return dict(request.headers)


@app.get("/health")
def health() -> str:
    return "ok"
