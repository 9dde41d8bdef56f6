"""Answers which process it is, what came with the request, and, when told to, slowly or not at all."""

import os
import time
from pathlib import Path

from flask import Flask, request

app = Flask(__name__)
GREETING = Path("greeting.txt").read_text().strip() if Path("greeting.txt").exists() else "hello"


@app.get("/")
def hello():
    return f"{GREETING} from {os.environ.get('DYNO', 'nowhere')}\n"


@app.get("/env/<name>")
def env(name):
    return os.environ.get(name, ""), 200 if name in os.environ else 404


@app.get("/headers")
def headers():
    return dict(request.headers)


@app.get("/slow/<float:seconds>")
@app.get("/slow/<int:seconds>")
def slow(seconds):
    time.sleep(seconds)
    return "done\n"


@app.get("/crash")
def crash():
    os.kill(os.getppid(), 9)  # gunicorn's master
    return ""
