// TLS on the daemon's own listener: pages, webhooks and logins through it, renewed certificates, what is refused and how.
import assert from "node:assert/strict";
import { execFileSync, spawn, spawnSync } from "node:child_process";
import fs from "node:fs";
import https from "node:https";
import net from "node:net";
import tls from "node:tls";
import { binary, call, run, signed, start, until } from "../support/scenario.mjs";
import { company, secrets } from "../support/staff.mjs";

const world = {};
let own, port;

/// A pair of files named `name` in the project, for 127.0.0.1, signed by itself.
function make_pair(name, common_name = name) {
  execFileSync("openssl", ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "30", "-subj", "/CN=" + common_name, "-addext", "subjectAltName=IP:127.0.0.1",
    "-keyout", own.path(name + ".key"), "-out", own.path(name + ".pem")], { stdio: "ignore" });
}
const put_pair = (name) => ["pem", "key"].forEach((kind) => fs.renameSync(own.path(`${name}.${kind}`), own.path("tls." + kind)));

/// { status, headers, text } over TLS, trusting what the certificate file holds now.
const ask = (target, { method = "GET", body, headers = {} } = {}) => new Promise((resolve, reject) => {
  const request = https.request({ host: "127.0.0.1", port, path: target, method, headers, ca: fs.readFileSync(own.path("tls.pem")), agent: false }, (answer) => {
    let text = "";
    answer.on("data", (part) => (text += part));
    answer.on("end", () => resolve({ status: answer.statusCode, headers: answer.headers, text }));
  });
  request.on("error", reject);
  request.end(body);
});
const served_name = () => new Promise((resolve, reject) => {
  const socket = tls.connect({ host: "127.0.0.1", port, rejectUnauthorized: false }, () => { resolve(socket.getPeerCertificate().subject.CN); socket.destroy(); });
  socket.on("error", reject);
});
const s_client = (...args) => spawnSync("openssl", ["s_client", "-connect", "127.0.0.1:" + port, ...args], { input: "", encoding: "utf8", timeout: 20000 });

const cases = {
  async "(the daemon speaks TLS)"() {
    Object.assign(world, await company({ parts: ["departments"] }));
    own = world.project;
    make_pair("first");
    put_pair("first");
    own.edit("tidewire.lua", `listen = "127.0.0.1:0",`, `listen = "127.0.0.1:0", tls = { certificate = "tls.pem", key = "tls.key" },`);
    await own.start();
    port = own.daemon.address.split(":").pop();
    assert.match(JSON.parse(own.daemon.out().split("\n")[0]).url, /^https:\/\/127\.0\.0\.1:\d+$/);
    assert.match(JSON.parse(own.daemon.out().split("\n")[0]).setup, /^https:/);
  },

  async "page, health and metrics are served; the certificate's end is among the metrics"() {
    assert.equal((await ask("/health")).status, 200);
    assert.match((await ask("/")).text, /<html/);
    const { text } = await ask("/metrics");
    const until_then = Number(/^tidewire_tls_valid_until_timestamp_seconds (\S+)$/m.exec(text)[1]);
    assert.ok(Math.abs(until_then - Date.now() / 1000 - 30 * 86400) < 86400, text);
    const curl = spawnSync("curl", ["-sS", "--cacert", own.path("tls.pem"), `https://127.0.0.1:${port}/ping`], { encoding: "utf8" });
    assert.equal(curl.stdout.trim(), "pong", curl.stderr);
  },

  async "a signed webhook through TLS is on disk and done"() {
    const doc = await world.erp.insert("Team", { code: "T1", team_name: "One" });
    const body = JSON.stringify({ doctype: "Team", name: doc.name });
    const answer = await ask("/webhook/erp", { method: "POST", body, headers: { "Content-Type": "application/json", ...signed(secrets.ERP_WEBHOOK_SECRET, body) } });
    assert.equal(answer.status, 202, answer.text);
    await until("T1 on the right", () => world.app.find("teams", "code", "T1"));
  },

  async "a login's cookie is for TLS alone"() {
    const child = spawn(binary, ["user", "add", "ada", "--role", "admin", "--project", own.folder], { stdio: ["pipe", "ignore", "inherit"] });
    child.stdin.end("correct horse battery");
    assert.equal(await new Promise((resolve) => child.on("close", resolve)), 0);
    const answer = await ask("/api/v1/login", { method: "POST", body: JSON.stringify({ name: "ada", password: "correct horse battery" }), headers: { "Content-Type": "application/json" } });
    assert.equal(answer.status, 200, answer.text);
    assert.match(answer.headers["set-cookie"][0], /; *Secure/);
  },

  async "plain HTTP is told so; the command line's socket stays as it is"() {
    const plain = await call(`http://127.0.0.1:${port}/health`);
    assert.equal(plain.status, 400);
    assert.match(plain.text, /use https:\/\//);
    assert.ok((await own.status()).version);
  },

  async "old versions are refused, 1.2 and 1.3 spoken, renegotiation not"() {
    assert.notEqual(s_client("-tls1_1", "-cipher", "DEFAULT@SECLEVEL=0").status, 0);
    for (const version of ["-tls1_2", "-tls1_3"]) assert.equal(s_client(version).status, 0, version);
    assert.match(s_client("-tls1_2").stdout, /ECDHE/);
    assert.match(s_client("-alpn", "h2,http/1.1").stdout, /ALPN protocol: http\/1\.1/);
  },

  async "half a handshake is closed by itself, and others are answered meanwhile"() {
    const socket = net.connect(Number(port), "127.0.0.1");
    const closed = new Promise((resolve) => { socket.on("close", resolve); socket.on("error", () => {}); });
    socket.on("data", () => {});
    await new Promise((resolve) => socket.on("connect", resolve));
    socket.write(Buffer.from("16030100c8010000c40303", "hex"));
    assert.equal((await ask("/ping")).status, 200);
    await until("the half handshake to be closed", () => Promise.race([closed.then(() => true), new Promise((resolve) => setTimeout(resolve, 100, false))]));
  },

  async "a renewed pair is used without a restart; one that does not fit changes nothing"() {
    assert.equal(await served_name(), "first");
    const events = new Promise((resolve, reject) => {
      const request = https.request({ host: "127.0.0.1", port, path: "/ping", ca: fs.readFileSync(own.path("tls.pem")), agent: new https.Agent({ keepAlive: true }) }, (answer) => { answer.resume(); answer.on("end", resolve); });
      request.on("error", reject);
      request.end();
    });
    await events;
    make_pair("second");
    put_pair("second");
    own.daemon.signal("SIGHUP");
    await until("the second certificate", async () => (await served_name()) === "second");
    // A renewal that is half done: the certificate is there, its key is not yet.
    make_pair("third");
    fs.renameSync(own.path("third.pem"), own.path("tls.pem"));
    own.daemon.signal("SIGHUP");
    await until("the mismatch in the log", () => own.logged("tls").some((line) => line.level === "error" && /the key does not belong to the certificate.*the certificate before goes on/.test(line.message)));
    assert.equal(await served_name(), "second");
    fs.renameSync(own.path("third.key"), own.path("tls.key"));
    await until("the third certificate, without a signal", async () => (await served_name()) === "third");
    assert.equal(own.logged("tls").filter((line) => line.level === "error").length, 1);
  },

  async "a daemon whose key does not fit does not start, and says what to do"() {
    await own.daemon.stop();
    make_pair("other");
    fs.renameSync(own.path("other.key"), own.path("tls.key"));
    const daemon = start(binary, ["run", own.folder]);
    const { code } = await daemon.exited;
    assert.notEqual(code, 0);
    assert.match(daemon.err() + daemon.out(), /tls: certificate .*tls\.pem, key .*tls\.key: the key does not belong to the certificate/);
    fs.rmSync(own.path("tls.pem"));
    const missing = start(binary, ["run", own.folder]);
    assert.notEqual((await missing.exited).code, 0);
    assert.match(missing.err() + missing.out(), /tls: the certificate .*tls\.pem cannot be read: No such file or directory/);
  },

  async "TLS that is asked for while it runs, of files that cannot be used, is an error in the log"() {
    const asked = `tls = { certificate = "tls.pem", key = "tls.key" },`;
    own.edit("tidewire.lua", asked, "");
    await own.start();
    own.edit("tidewire.lua", `listen = "127.0.0.1:0",`, `listen = "127.0.0.1:0", ${asked}`);
    await until("the error", () => own.logged("tls").some((line) => line.level === "error" && /cannot be read.*plain HTTP goes on/.test(line.message)));
    make_pair("late");
    put_pair("late");
    port = own.daemon.address.split(":").pop();
    await until("TLS", async () => (await served_name().catch(() => "")) === "late");
  },
};

await run(cases, world);
