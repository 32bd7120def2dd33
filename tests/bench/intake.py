"""Durable signed webhook intake: wrk posts, the server proves, commits and answers 202.

Three servers take turns on the same disk: the daemon, a bare loop that does the least that could be done
(intake_baseline.cpp), and FastAPI with a Redis that syncs every write. Figures are medians; ratios are what counts. The
remote systems of the daemon are dead ports, so that it does everything but the calls: fan-out, queue, backing off.
"""
import base64
import hashlib
import hmac
import importlib.util
import json
import os
import shutil
import subprocess
import sys

from measure import BUILD, HERE, SECRETS, Program, call, daemon, free_port, make_project, median, practice, show, status_of

NAMES = 4096


def write_requests(path):
    """Bodies as a site sends them, about 1 KB each, with their signatures."""
    lines = []
    for number in range(NAMES):
        document = {"doctype": "Bench Order", "name": f"ORD-{number * 7919 % 1000003:06d}", "title": f"Order {number}"}
        for field in range(14):
            document[f"field_{field:02d}"] = f"value {number} of a field that is neither short nor very long"[:48]
        body = json.dumps(document)
        proof = hmac.new(SECRETS["ERP_WEBHOOK_SECRET"].encode(), body.encode(), hashlib.sha256).digest()
        lines.append(base64.b64encode(proof).decode() + "\t" + body + "\n")
    path.write_text("".join(lines))
    return len(lines[0])


def warm_project(folder):
    """A project whose state knows the described types, so that it also starts while its systems are away."""
    project = make_project(folder / "project")
    with practice("frappe", folder) as erp, practice("supabase", folder) as app:
        with daemon(project, erp.url, app.url):
            pass
        return project, erp.url, app.url


def wrk(port, seconds, requests, server, senders):
    command = ["wrk", "-t1", f"-c{senders}", "-s", HERE / "intake.lua", f"http://127.0.0.1:{port}"]
    subprocess.run(command + ["-d2s", "--", requests], capture_output=True, check=True)  # warms it up: its log grows, its keys are known
    before = server.cpu()
    out = subprocess.run(command + [f"-d{seconds}s", "--", requests], capture_output=True, text=True, check=True).stdout
    count, micros, p50, p99, errors = next([int(x) for x in line.split()[1:]] for line in out.splitlines() if line.startswith("RESULT"))
    if errors:
        raise SystemExit(f"wrk counted {errors} errors:\n{out}")
    return {"rate": count / micros * 1e6, "p50": p50 / 1000, "p99": p99 / 1000, "cpu": (server.cpu() - before) / count * 1e6,
            "memory": server.memory(), "lag": ""}


class Intake:
    def __init__(self, folder, seconds):
        self.folder, self.seconds, self.senders = folder, seconds, 64
        self.requests = folder / "requests"
        self.body_size = write_requests(self.requests)
        self.project, self.erp, self.app = warm_project(folder)

    def tidewire(self, delay_us):
        run = self.folder / "run"
        shutil.rmtree(run, ignore_errors=True)
        shutil.copytree(self.project, run)
        port = free_port()
        with daemon(run, self.erp, self.app, {"TIDEWIRE_FSYNC_DELAY_US": str(delay_us)}, port) as server:
            result = wrk(port, self.seconds, self.requests, server, self.senders)
            result["lag"] = status_of(server)["not_fanned_out"]
        return result

    def baseline(self, delay_us):
        port, path = free_port(), self.folder / "baseline.db"
        for tail in ("", "-wal", "-shm"):
            (self.folder / f"baseline.db{tail}").unlink(missing_ok=True)
        command = [BUILD / "tests/bench_intake_baseline", port, path, SECRETS["ERP_WEBHOOK_SECRET"], delay_us]
        with Program(command, ready="ready") as server:
            return wrk(port, self.seconds, self.requests, server, self.senders)

    def fastapi(self, _):
        port, redis = free_port(), self.folder / "redis"
        shutil.rmtree(redis, ignore_errors=True)
        redis.mkdir()
        # A socket's path may have 107 bytes only, so both name it from where they are.
        store = Program(["redis-server", "--port", 0, "--dir", redis, "--unixsocket", "s", "--appendonly", "yes",
                         "--appendfsync", "always", "--save", ""], ready="eady to accept connections")
        with store:
            env = {**SECRETS, "REDIS_SOCKET": os.path.relpath(redis / "s"), "PYTHONPATH": str(HERE), "PYTHONDONTWRITEBYTECODE": "1"}
            command = [sys.executable, "-m", "uvicorn", "intake_fastapi:app", "--port", port, "--no-access-log", "--log-level", "warning"]
            with Program(command, port=port, env=env, log=self.folder / "fastapi.log") as server:
                return wrk(port, self.seconds, self.requests, server, self.senders)


def turns(servers, delay_us, rounds):
    """Medians per server; the servers take turns, so that a busy moment of the machine hits all of them."""
    found = {name: [] for name in servers}
    for _ in range(rounds):
        for name, run in servers.items():
            found[name].append(run(delay_us))
    return {name: {key: median([one[key] for one in runs]) if runs[0][key] != "" else "" for key in runs[0]} for name, runs in found.items()}


def rows_of(results):
    ours = results["tidewire"]["rate"]
    return [[name, f"{one['rate']:,.0f}", f"{one['p50']:.2f}", f"{one['p99']:.1f}", f"{one['cpu']:.1f}", f"{one['memory']:.0f}",
             one["lag"], "" if name == "tidewire" else f"{ours / one['rate']:.2f}"] for name, one in results.items()]


HEADER = ["server", "req/s", "p50 ms", "p99 ms", "cpu us/req", "MB", "not fanned out", "tidewire is x"]


def has_fastapi():
    missing = [name for name in ("fastapi", "uvicorn", "redis") if importlib.util.find_spec(name) is None]
    if shutil.which("redis-server") is None:
        missing.append("redis-server")
    if missing:
        print(f"\nFastAPI + Redis: skipped, {', '.join(missing)} not installed")
    return not missing


def run(folder, quick):
    if shutil.which("wrk") is None:
        print("\nintake: skipped, wrk is not installed")
        return
    intake = Intake(folder, 2 if quick else 4)
    rounds = 3 if quick else 7
    servers = {"tidewire": intake.tidewire, "bare loop": intake.baseline}
    everybody = {**servers, **({"FastAPI + Redis": intake.fastapi} if has_fastapi() else {})}
    # One thread each waits for the disk: how many senders there are decides how many requests a commit carries.
    for intake.senders in (64, 256):
        title = f"Durable signed intake, {intake.senders} senders, bodies of {intake.body_size} bytes, medians of {rounds} runs in turn"
        show(title + " (wanted: 0.8 of the bare loop, 7 of FastAPI)", HEADER, rows_of(turns(everybody, 0, rounds)))
        show("The same with 2 ms injected per commit", HEADER, rows_of(turns(servers, 2000, rounds)))
