import os
import socket
import time

from flask import Flask, jsonify, request

app = Flask(__name__)
VERSION = os.environ.get("VERSION", "1")


@app.after_request
def say_version(response):
    response.headers["X-Version"] = VERSION
    return response


@app.get("/")
def home():
    return jsonify(version=VERSION, pid=os.getpid(), host=socket.gethostname())


@app.get("/health")
def health():
    if os.environ.get("FAIL") == "never-healthy":
        print(f"health: 503, version {VERSION} can't read its configuration", flush=True)
        return jsonify(status="unhealthy", version=VERSION), 503
    return jsonify(status="ok", version=VERSION)


@app.get("/slow")
def slow():
    ms = min(int(request.args.get("ms", 2000)), 25_000)
    time.sleep(ms / 1000)
    return jsonify(version=VERSION, ms=ms)


@app.post("/echo")
def echo():
    return request.get_data(), 200, {"Content-Type": request.content_type or "application/octet-stream"}
