"""Frappe -> Supabase, end to end: from a proved webhook to the row written and committed.

Both systems are practice servers, whose own work is part of every figure. A round trip is added by their `delay` knob:
each request waits before it is worked on, as many at a time as there are. The webhooks are posted by this program, so
that the sender is not what is measured.
"""
import base64
import concurrent.futures
import contextlib
import hashlib
import hmac
import json
import socket
import sqlite3
import subprocess
import time

from measure import SECRETS, TIDEWIRE, call, daemon, make_project, median, percentile, practice, show, status_of

TOKEN = {"Authorization": "token practice-key:practice-secret"}
DOCTYPE = "Bench Order"


SENDERS = 4
ACCEPTED = b"HTTP/1.1 202 Accepted\r\n"


def signed(number):
    """The bytes of a webhook request, as a site's worker sends it."""
    body = json.dumps({"doctype": DOCTYPE, "name": f"ORD-{number:06d}"})
    proof = base64.b64encode(hmac.new(SECRETS["ERP_WEBHOOK_SECRET"].encode(), body.encode(), hashlib.sha256).digest()).decode()
    return (f"POST /webhook/erp HTTP/1.1\r\nHost: bench\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n"
            f"X-Frappe-Webhook-Signature: {proof}\r\n\r\n{body}").encode()


class Webhooks:
    """One kept connection; many requests may be under way on it."""

    def __init__(self, url):
        host, port = url.split("//")[1].split(":")
        self.socket = socket.create_connection((host, int(port)), 60)

    def send(self, requests):
        self.socket.sendall(b"".join(requests))
        accepted, rest = 0, b""
        while accepted < len(requests):
            some = self.socket.recv(65536)
            if not some:
                raise SystemExit("the daemon closed a connection of webhooks")
            rest += some
            accepted += rest.count(ACCEPTED)
            if b"HTTP/1.1 4" in rest or b"HTTP/1.1 5" in rest:
                raise SystemExit(f"a webhook was refused: {rest[:200]}")
            rest = rest[max(0, rest.rfind(b"\r\n")):]  # the beginning of a line comes again, with its end


def document(number):
    return {"doctype": DOCTYPE, "code": f"ORD-{number:06d}", "title": f"Order {number}", "customer": f"Customer {number % 97}",
            "city": "Zürich", "country": "Switzerland", "email": f"buyer{number}@example.org", "phone": "+41 44 000 00 00",
            "note": "to be delivered in the morning", "quantity": number % 50, "rate": f"{number % 900}.25", "paid": number % 2,
            "due_date": "2030-01-31", "status": "Open"}


class Pair:
    """The two systems, level, with a daemon between them."""

    def __init__(self, folder, records, programs):
        """`programs`: the ExitStack that ends what is started here."""
        self.records = records
        self.erp = programs.enter_context(practice("frappe", folder))
        self.app = programs.enter_context(practice("supabase", folder))
        self.project = make_project(folder / "pair")
        for first in range(0, records, 200):
            docs = [document(number) for number in range(first, min(first + 200, records))]
            call("POST", self.erp.url + "/api/method/frappe.client.insert_many", {"docs": docs}, TOKEN)
        self.daemon = programs.enter_context(daemon(self.project, self.erp.url, self.app.url))
        began = time.monotonic()
        subprocess.run([TIDEWIRE, "sync", "orders", "--project", self.project, "--json"], capture_output=True, check=True)
        self.load_rate = records / (time.monotonic() - began)

    def counters(self):
        return status_of(self.daemon)["mappings"]["orders"]

    def until_applied(self, wanted, patience=120):
        until = time.monotonic() + patience
        while True:
            now = self.counters()
            if now["counters"].get("applied", 0) >= wanted and now["waiting"] == 0:
                return
            if now.get("dead") or now.get("held") or time.monotonic() > until:
                raise SystemExit(f"not everything was applied: {json.dumps(now)}, see {self.project}/daemon.log")
            time.sleep(0.02)

    def delay(self, seconds):
        for system in (self.erp, self.app):
            call("DELETE", system.url + "/practice/faults")
        if seconds > 0:
            call("POST", self.erp.url + "/practice/faults", [{"match": {"path": "/api/*"}, "delay": seconds}])
            call("POST", self.app.url + "/practice/faults", [{"match": {"path": "/rest/"}, "action": {"delay": seconds}}])

    def edit(self, number, text):
        """A colleague's edit that no webhook tells of; that is ours to send."""
        call("POST", self.erp.url + "/practice/edit", {"doctype": DOCTYPE, "name": f"ORD-{number:06d}", "touch_modified": True,
                                                       "values": {"title": text, "note": text}})

    def calls(self):
        left = sum(call("GET", self.erp.url + "/practice/stats")["requests"].values())
        right = call("GET", self.app.url + "/practice/stats")["requests"]
        return left, right

    def forget_calls(self):
        for system in (self.erp, self.app):
            call("DELETE", system.url + "/practice/stats")

    def state(self, sql, *values):
        database = sqlite3.connect(f"file:{self.project}/state/tidewire.db?mode=ro", uri=True)
        try:
            return database.execute(sql, values).fetchall()
        finally:
            database.close()

    def latencies(self, after):
        """Milliseconds from the commit of each webhook to the commit that knows its write."""
        rows = self.state("SELECT (o.at - r.at) / 1000.0 FROM received r JOIN operations o ON o.left_key = r.key AND o.at >= r.at "
                          "WHERE r.at > ? AND o.at > ? AND o.outcome IN ('applied', 'merged') GROUP BY r.seq HAVING o.at = min(o.at)", after, after)
        return [row[0] for row in rows]


def micros():
    return time.time_ns() // 1000


def burst(pair, delay, text):
    """Everything edited, then all webhooks at once."""
    pair.delay(0)
    for number in range(pair.records):
        pair.edit(number, text)
    before = pair.counters()["counters"].get("applied", 0)
    pair.delay(delay)
    pair.forget_calls()
    requests = [signed(number) for number in range(pair.records)]
    senders = [Webhooks(pair.daemon.url) for _ in range(SENDERS)]
    cpu, after, began = pair.daemon.cpu(), micros(), time.monotonic()
    with concurrent.futures.ThreadPoolExecutor(SENDERS) as workers:
        list(workers.map(lambda one: senders[one].send(requests[one::SENDERS]), range(SENDERS)))
    pair.until_applied(before + pair.records)
    seconds = time.monotonic() - began
    left, right = pair.calls()
    return {"rate": pair.records / seconds, "left": left / pair.records, "right": right / pair.records,
            "cpu": (pair.daemon.cpu() - cpu) / pair.records * 1e3, "latency": pair.latencies(after)}


def paced(pair, delay, rate, count):
    """Edits one by one at a quiet pace: what a single change takes."""
    pair.delay(delay)
    hooks, after, before = Webhooks(pair.daemon.url), micros(), pair.counters()["counters"].get("applied", 0)
    next_at = time.monotonic()
    for number in range(count):
        pair.edit(number, f"paced {delay} {number}")
        hooks.send([signed(number)])
        next_at += 1 / rate
        time.sleep(max(0, next_at - time.monotonic()))
    pair.until_applied(before + count)
    pair.delay(0)
    return pair.latencies(after)


def measure(pair, rounds, singles):
    bursts = {delay: [] for delay in (0, 0.02)}
    for turn in range(rounds):
        for delay, found in bursts.items():
            found.append(burst(pair, delay, f"burst {turn} {delay}"))
    rows, base = [], median([one["rate"] for one in bursts[0]])
    for delay, found in bursts.items():
        single = paced(pair, delay, 20, singles)
        waits = [wait for one in found for wait in one["latency"]]
        middle = {key: median([one[key] for one in found]) for key in ("rate", "left", "right", "cpu")}
        rows.append([f"{delay * 1000:.0f} ms", f"{middle['rate']:,.0f}", f"{middle['rate'] / base:.2f}", f"{middle['left']:.2f} + {middle['right']:.2f}",
                     f"{percentile(waits, 0.5):,.0f} / {percentile(waits, 0.99):,.0f}", f"{percentile(single, 0.5):.1f} / {percentile(single, 0.99):.1f}",
                     f"{middle['cpu']:.2f}", f"{pair.daemon.memory():.0f}"])
    return rows


HEADER = ["added round trip", "changes/s", "of 0 ms", "calls per change", "burst p50/p99 ms", "single p50/p99 ms", "cpu ms/change", "MB"]


def run(folder, quick):
    records, rounds = (500, 2) if quick else (1000, 3)
    with contextlib.ExitStack() as programs:
        pair = Pair(folder, records, programs)
        show(f"Frappe -> Supabase, bursts of {records} changes, medians of {rounds} (wanted: half the rate at 20 ms); "
             f"initial load {pair.load_rate:,.0f} records/s", HEADER, measure(pair, rounds, 50 if quick else 100))
