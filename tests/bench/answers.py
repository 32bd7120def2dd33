"""How long the API takes to answer each page of the admin page with 50,000 operations in the state, and what the search costs."""
import json
import pathlib
import random
import sqlite3
import time
import urllib.error
import urllib.parse

from measure import call, daemon, make_project, median, percentile, practice, show

WORDS = 20000
FIELDS = ("customer", "phone", "email", "status", "note", "amount")


def word(dice):
    return "".join(dice.choice("abcdefghijklmnopqrstuvwxyz") for _ in range(dice.randint(3, 10)))


def operation_record(i, dice, words):
    some = lambda: f"{dice.choice(words)} {dice.choice(words)}"
    fields = {name: {"decision": "copy", "rule": "only the left side changed", "left": some(), "right": some(), "to_right": some(), "base": {"l": some(), "r": some()}} for name in FIELDS}
    return json.dumps({"fields": fields, "taken": [{"side": "left", "key": f"ORD-{i:06d}", "event": "upsert", "reason": "webhook", "changes": 1}],
                       "writes": [{"kind": "update", "side": "right", "connection": "app", "key": str(i), "outcome": "applied", "values": {name: fields[name]["to_right"] for name in FIELDS}}]}, separators=(",", ":"))


def fill(path, count):
    """Rows as the engine leaves them: links, operations of the last days, some conflicts, dead letters, changes received, what people did."""
    dice = random.Random(7)
    words = [word(dice) for _ in range(WORDS)]
    now = int(time.time() * 1e6)
    state = sqlite3.connect(path)
    links, operations, received = [], [], []
    for i in range(count):
        at = now - (count - i) * 4_000_000 - 60_000_000
        ms = at // 1000
        identity = f"{ms >> 16:08x}-{ms & 0xffff:04x}-7{i & 0xfff:03x}-8000-{i:012x}"
        link = i // 5 + 1
        outcome = "conflict" if i % 500 == 0 else "dead" if i % 501 == 0 else "applied"
        operations.append((identity, at, "orders", link, f"ORD-{link:06d}", str(link), "update", outcome, 1, operation_record(i, dice, words), "ab" * 32, None, None))
        received.append((at, "erp", "Order", f"ORD-{link:06d}", "upsert", "webhook", None))
        if i % 5 == 0:
            base = json.dumps({name: {"l": word(dice), "r": word(dice)} for name in FIELDS}, sort_keys=True, separators=(",", ":"))
            links.append((link, "orders", f"ORD-{link:06d}", str(link), "live", 1, base, "[]", "[]", "{}", "{}", at, at))
    with state:
        state.executemany("INSERT INTO operations (id, at, mapping, link, left_key, right_key, kind, outcome, changes, record, script, author, job) VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?)", operations)
        state.executemany("INSERT INTO links (id, mapping, left_key, right_key, state, generation, base, left_tokens, right_tokens, stamps, notes, created_at, updated_at) VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?)", links)
        state.executemany("INSERT INTO received (at, connection, collection, key, event, source, payload) VALUES (?,?,?,?,?,?,?)", received)
        state.execute("UPDATE meta SET value = (SELECT max(seq) FROM received) WHERE name = 'fanned_out'")
        state.executemany("INSERT INTO conflicts (mapping, link, field, kind, left_value, right_value, opened_at, shown_at) VALUES ('orders', ?, 'note', 'clash', '\"a\"', '\"b\"', ?, ?)", [(i * 100 + 1, now, now) for i in range(min(100, count // 500))])
        state.executemany("INSERT INTO conflicts (mapping, link, field, kind, left_value, right_value, opened_at, shown_at, closed_at, method, author) VALUES ('orders', ?, 'note', 'clash', '\"a\"', '\"b\"', ?, ?, ?, 'left', 'ada')", [(i + 1, now, now, now) for i in range(count // 10)])
        state.executemany("INSERT INTO dirty_keys (mapping, side, key, first_seq, last_seq, changes, event, reason, state, priority, due_at, attempts, error, since) VALUES ('orders', 'left', ?, 1, 1, 1, 'upsert', 'webhook', 'dead', 0, ?, 5, '{\"code\":\"script\",\"message\":\"boom\"}', ?)",
                          [(f"ORD-{i + 1:06d}", now, now) for i in range(count // 50)])
        state.executemany("INSERT INTO audit (at, author, action, subject, detail) VALUES (?, 'ada', 'retry', ?, '{}')", [(now, f"orders/{i}") for i in range(1000)])
    rare = json.loads(operations[count // 3][9])["fields"]["note"]["left"]
    size = pathlib.Path(path).stat().st_size
    state.close()
    return operations[count // 2][0], rare, size


def timed(url, headers, rounds):
    taken, body = [], b""
    while len(taken) < rounds:
        began = time.monotonic()
        try:
            body = call("GET", url, headers=headers, text=True)
        except urllib.error.HTTPError as refused:
            if refused.code != 429:
                raise
            time.sleep(1)  # we ask faster than one may
            continue
        taken.append((time.monotonic() - began) * 1000)
    return taken, len(body)


def indexed(path, count):
    """Waits until the index has come to the newest; how long that took."""
    began = time.monotonic()
    state = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    newest = state.execute("SELECT max(id) FROM operations").fetchone()[0]
    while time.monotonic() - began < 300:
        mark = state.execute("SELECT value FROM meta WHERE name = 'searchable'").fetchone()
        if mark and mark[0] >= newest:
            break
        time.sleep(0.2)
    state.close()
    return time.monotonic() - began


def run(folder, quick):
    count, rounds = (5000, 5) if quick else (50000, 15)
    project = make_project(folder / "answers")
    with practice("frappe", folder) as erp, practice("supabase", folder) as app:
        with daemon(project, erp.url, app.url):
            pass
        path = project / "state/tidewire.db"
        operation, rare, before = fill(path, count)
        rows = []
        with daemon(project, erp.url, app.url) as server:
            token = json_of_token(project, server)
            headers = {"Authorization": f"Bearer {token}"}
            cpu = server.cpu()
            took = indexed(path, count)
            cpu = server.cpu() - cpu
            quote = urllib.parse.quote
            pages = {
                "Overview": ["status", "activity"], "Operations": ["operations?limit=50"], "Operations, failed": ["operations?limit=50&failed=1"], "Operations, search": [f"operations?limit=50&text={quote(rare)}"],
                "Operations, search for nothing there": ["operations?limit=50&text=zzzzzzzz"], "Operations, search for what all have": ["operations?limit=50&text=webhook"], "Operations, search in dead ones": ["operations?limit=50&outcome=dead&text=webhook"],
                "Operation": [f"operations/{operation}"], "Conflicts": ["conflicts?limit=100", "status"], "Conflicts, past": ["conflicts?limit=50&closed=1", "status"], "Conflicts of one record": ["conflicts?mapping=orders&key=ORD-000101"], "Dead letters": ["dead-letters?limit=50"], "Dead letters of one record": ["dead-letters?mapping=orders&key=ORD-000042"], "Record, browse": ["links?limit=50&mapping=orders", "status"],
                "Record": ["explain?mapping=orders&key=ORD-000042", "operations?mapping=orders&key=ORD-000042&limit=100", "links?mapping=orders&key=ORD-000042", "conflicts?mapping=orders&key=ORD-000042", "dead-letters?mapping=orders&key=ORD-000042"],
                "Mapping": ["mappings/orders", "cursors"], "Script": ["mappings/orders/source", "mappings/orders/versions"], "Jobs": ["jobs"], "Connections": ["connections"], "New connection": ["connection-kinds"],
                "Webhooks": ["changes?source=webhook&limit=50", "connections"], "Alerts": ["alerts?all=1&limit=50", "notices?limit=50"], "Log": ["log"], "Audit": ["audit?limit=50"], "Users": ["users", "tokens"],
            }
            for name, targets in pages.items():
                every, size = [], 0
                for target in targets:
                    taken, length = timed(f"{server.url}/api/v1/{target}", headers, rounds)
                    every.append(taken)
                    size += length
                whole = [sum(times) for times in zip(*every)]
                worst = percentile(whole, 0.95)
                rows.append([name, f"{median(whole):.1f}", f"{worst:.1f}", f"{size / 1000:.0f}", "yes" if worst < 100 else "NO"])
                time.sleep(0.3)
        after = path.stat().st_size
    show(f"Answers with {count} operations in the state, ms of all requests of a page one after the other", ["page", "median", "95 %", "KB", "under 100"], rows)
    print(f"  index of {count} operations: {took:.0f} s in the background, {cpu / count * 1e6:.0f} us of processor each, {before / 1e6:.0f} MB of state grew to {after / 1e6:.0f} MB")


def json_of_token(project, server):
    """An administrator's token, made over the socket by whoever runs the daemon."""
    import http.client
    import socket

    class Unix(http.client.HTTPConnection):
        def connect(self):
            self.sock = socket.socket(socket.AF_UNIX)
            self.sock.connect(str(project / "state/tidewire.sock"))

    connection = Unix("localhost")
    connection.request("POST", "/api/v1/tokens", json.dumps({"name": "bench", "role": "admin"}), {"Content-Type": "application/json"})
    return json.loads(connection.getresponse().read())["token"]
