"""What the measurements share: programs that are started and stopped, medians, a table."""
import json
import os
import pathlib
import select
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import time
import urllib.request

HERE = pathlib.Path(__file__).resolve().parent
TOP = HERE.parent.parent
BUILD = TOP / "build/bench"
TIDEWIRE = pathlib.Path(os.environ.get("TIDEWIRE", BUILD / "tidewire"))
SECRETS = {"BENCH_TOKEN": "bench-administrators-token", "ERP_KEY": "practice-key", "ERP_SECRET": "practice-secret", "ERP_WEBHOOK_SECRET": "bench-webhook-secret",
           "APP_KEY": "sb_secret_practice", "APP_WEBHOOK_SECRET": "bench-app-secret"}


class Program:
    """A child that says one line when it is ready, or answers at a port; ended with the block."""

    def __init__(self, command, ready=None, port=None, env=None, log=None):
        self.began = time.monotonic()
        self.log = open(log or os.devnull, "ab")
        self.child = subprocess.Popen([str(word) for word in command], stdout=subprocess.PIPE, stderr=self.log,
                                      stdin=subprocess.DEVNULL, env={**os.environ, **(env or {})})
        try:
            self.line = self._line_with(ready) if ready else self._answers_at(port)
        except BaseException:
            self.stop()
            raise
        self.started_in = time.monotonic() - self.began

    def _line_with(self, wanted, patience=60):
        text, until = b"", time.monotonic() + patience
        while wanted.encode() not in text or not text.endswith(b"\n"):
            if not select.select([self.child.stdout], [], [], max(0, until - time.monotonic()))[0]:
                raise SystemExit(f"{self.child.args[0]} is not ready after {patience} s")
            some = os.read(self.child.stdout.fileno(), 4096)
            if not some:
                raise SystemExit(f"{' '.join(self.child.args)} ended with {self.child.wait()}, see {self.log.name}")
            text += some
        return next(line for line in text.decode().splitlines() if wanted in line)

    def _answers_at(self, port, patience=30):
        until = time.monotonic() + patience
        while time.monotonic() < until and self.child.poll() is None:
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                return ""
            except OSError:
                time.sleep(0.02)
        raise SystemExit(f"{self.child.args[0]} does not answer at {port}, see {self.log.name}")

    def memory(self, what="VmRSS"):
        for line in open(f"/proc/{self.child.pid}/status"):
            if line.startswith(what + ":"):
                return int(line.split()[1]) / 1024
        return 0.0

    def cpu(self):
        """Seconds of processor time so far."""
        fields = open(f"/proc/{self.child.pid}/stat").read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def stop(self):
        if self.child.poll() is None:
            self.child.send_signal(signal.SIGTERM)
            try:
                self.child.wait(35)
            except subprocess.TimeoutExpired:
                self.child.kill()
        self.child.wait()
        self.child.stdout.close()
        self.log.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def practice(kind, folder):
    """A practice server with the tables of the project; `url` is where it answers."""
    server = Program([TIDEWIRE, "practice", kind, "--port", "0", "--fixture", HERE / f"project/{kind}.json"], ready="listening ",
                     log=folder / f"{kind}.log")
    server.url = server.line.split()[-1]
    return server


def make_project(folder):
    shutil.copytree(HERE / "project", folder, ignore=shutil.ignore_patterns("*.json"))
    (folder / ".env").write_text("".join(f"{name}={value}\n" for name, value in SECRETS.items()))
    (folder / ".env").chmod(0o600)
    return folder


def daemon(project, erp, app, env=None, port=0, binary=TIDEWIRE):
    """`tidewire run`, ready with its mapping; `url` is where it listens."""
    program = Program([binary, "run", project, "--json", "--listen", f"127.0.0.1:{port}"], ready='"ready"',
                      env={"ERP_URL": erp, "APP_URL": app, **(env or {})}, log=project / "daemon.log")
    ready = json.loads(program.line)
    program.url = "http://" + ready["ready"]
    if ready["mappings"] != ["orders"]:
        program.stop()
        raise SystemExit(f"the mapping does not run, see {project}/daemon.log")
    return program


def call(method, url, body=None, headers=None, text=False):
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, {"Content-Type": "application/json", **(headers or {})}, method=method)
    with urllib.request.urlopen(request, timeout=60) as answer:
        got = answer.read()
    return got.decode() if text else json.loads(got) if got else None


def status_of(server):
    return call("GET", server.url + "/api/v1/status", headers={"Authorization": "Bearer " + SECRETS["BENCH_TOKEN"]})


def show(title, header, rows):
    """A table; a row is the list of its texts."""
    print(f"\n{title}")
    widths = [max(len(str(row[i])) for row in [header] + rows) for i in range(len(header))]
    for row in [header] + rows:
        print("  " + "  ".join(str(cell).ljust(width) if i == 0 else str(cell).rjust(width)
                               for i, (cell, width) in enumerate(zip(row, widths))))
    sys.stdout.flush()


def median(values):
    return statistics.median(values)


def percentile(values, share):
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else float("nan")
