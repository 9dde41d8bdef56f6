"""Greets with what greeting.txt says and tells which process it is; answers slowly when asked to."""

import os
import time
from pathlib import Path

from flask import Flask, request

app = Flask(__name__)
greeting = Path(__file__).with_name("greeting.txt").read_text()


@app.get("/")
def greet() -> str:
    return f"{greeting.strip()} from {os.environ.get('DYNO', 'nowhere')}\n"


@app.get("/env/<name>")
def env(name: str) -> tuple[str, int]:
    return os.environ.get(name, ""), 200 if name in os.environ else 404


@app.get("/headers")
def headers() -> dict[str, str]:
    return dict(request.headers)


@app.get("/slow/<int:seconds>")
def slow(seconds: int) -> str:
    time.sleep(seconds)
    return "done\n"
