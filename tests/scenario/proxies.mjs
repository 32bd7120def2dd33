import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import fs from "node:fs";
import http from "node:http";
import path from "node:path";
import { call, free_port, run, signed, start, temporary, until } from "../support/scenario.mjs";
import { company, secrets } from "../support/staff.mjs";

const world = {};
let erp, app, project;
const shipped = (name) => fs.readFileSync(path.join(process.env.SOURCE_DIR, "examples/deploy/proxy", name), "utf8");
const program_of = (name) => ["/usr/sbin/", "/usr/bin/", "/usr/local/bin/"].map((folder) => folder + name).find((file) => fs.existsSync(file));
const body = JSON.stringify({ doctype: "Staff Member", name: "HR-00001" });

/// The file as it is shipped, with the daemon's address and a port of this machine for the name and the certificate.
function here(text, replaced) {
  for (const [from, to] of replaced) {
    assert.match(text, from);
    text = text.replace(from, to);
  }
  return text.replaceAll("127.0.0.1:8080", new URL(project.daemon.address).host);
}

async function answering(server, port, why) {
  const url = `http://127.0.0.1:${port}`;
  await until("the proxy to answer", async () => {
    if (!server.running()) throw new Error(server.err() + why());
    return (await call(url + "/ping")).status === 200;
  });
  return Object.assign(server, { url });
}

async function nginx() {
  const program = program_of("nginx");
  if (!program) return null;
  const folder = temporary("nginx"), port = await free_port(), secure = await free_port();
  execFileSync("openssl", ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=sync.example.org", "-days", "2", "-keyout", path.join(folder, "key.pem"), "-out", path.join(folder, "cert.pem")], { stdio: "ignore" });
  const kinds = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"];
  const site = here(shipped("nginx.conf"), [[/listen 443 ssl http2;/, `listen 127.0.0.1:${port}; listen 127.0.0.1:${secure} ssl http2;`], [/listen \[::\]:443 ssl http2;\n/, ""], [/ssl_certificate .*\n/, `ssl_certificate ${folder}/cert.pem;\n`], [/ssl_certificate_key .*\n/, `ssl_certificate_key ${folder}/key.pem;\n`]]);
  fs.writeFileSync(path.join(folder, "nginx.conf"), `${process.getuid() === 0 ? "user root;" : ""} daemon off; worker_processes 1; pid ${folder}/nginx.pid; error_log ${folder}/error.log;
    events { worker_connections 1024; }
    http {
      access_log off;
      ${kinds.map((kind) => `${kind}_temp_path ${folder}/${kind};`).join(" ")}
      ${site}
    }`);
  const server = start(program, ["-p", folder, "-c", path.join(folder, "nginx.conf"), "-e", path.join(folder, "error.log")]);
  return Object.assign(await answering(server, port, () => fs.readFileSync(path.join(folder, "error.log"), "utf8")), { port, secure });
}

async function caddy() {
  const program = program_of("caddy");
  if (!program) return null;
  const folder = temporary("caddy"), port = await free_port();
  const site = here(shipped("Caddyfile"), [[/^sync\.example\.org \{/m, `http://127.0.0.1:${port} {`]]);
  fs.writeFileSync(path.join(folder, "Caddyfile"), `{\n  admin off\n  auto_https off\n  grace_period 1s\n}\n${site}`);
  const server = start(program, ["run", "--config", path.join(folder, "Caddyfile"), "--adapter", "caddyfile"], { env: { ...process.env, HOME: folder, XDG_DATA_HOME: folder, XDG_CONFIG_HOME: folder } });
  return answering(server, port, () => "");
}

/// A person's edit behind the hooks' back, told through the proxy, seen on the other side.
async function arrives(phone, send) {
  await erp.knob("edit", { doctype: "Staff Member", name: "HR-00001", values: { phone }, touch_modified: true });
  assert.equal((await send()).status, 202);
  await until(`phone ${phone} on the right`, async () => (await app.find("employees", "code", "ada"))?.phone === phone);
  await world.settled();
}

/// The first operation that the live list tells while it is open.
function first_live(url, token, then) {
  return new Promise((resolve, reject) => {
    const request = http.get(url + "/api/v1/events", { headers: { Authorization: `Bearer ${token}` } }, (answer) => {
      assert.equal(answer.statusCode, 200);
      let text = "";
      answer.on("data", (part) => {
        text += part;
        if (!/^data: .*employees/m.test(text)) return;
        request.destroy();
        resolve(text);
      });
      then().catch(reject);
    });
    request.on("error", reject);
  });
}

async function stands_before(name, begin) {
  const proxy = await begin();
  if (!proxy) return console.log(`  skipped: no ${name} (see .ci/packages-test)`);
  const send = (text, headers = signed(secrets.ERP_WEBHOOK_SECRET, text)) => call(proxy.url + "/webhook/erp?event=on_change", { method: "POST", body: text, headers });
  try {
    await arrives(name, () => send(body));
    const answers = await Promise.all(Array.from({ length: 200 }, () => send(body)));
    assert.ok(answers.every((one) => one.status === 202), JSON.stringify(answers.find((one) => one.status !== 202)));
    assert.equal((await send(body, {})).status, 401);
    assert.equal((await send(body, { ...signed(secrets.ERP_WEBHOOK_SECRET, body), Expect: "100-continue" })).status, 202);
    const long = body.slice(0, -1) + `,"fill":"${"x".repeat((10 << 20) - body.length - 20)}"}`;
    assert.equal((await send(long)).status, 202);
    const longer = await send(long.replace("x", "x".repeat(100)));
    // Caddy may say 502 of a body that is refused while it is being sent on.
    assert.ok([413, 502].includes(longer.status) || longer.dropped, JSON.stringify(longer.status));
    assert.equal((await call(proxy.url + "/health")).status, 200);
    assert.equal((await call(proxy.url + "/api/v1/status")).status, 401);
    const { token } = await project.ask(["token", "add", name, "--role", "viewer"]);
    assert.equal((await call(proxy.url + "/api/v1/status", { headers: { Authorization: `Bearer ${token}` } })).status, 200);
    assert.match(await first_live(proxy.url, token, () => arrives(`${name} live`, () => send(body))), /"applied"/);
  } finally {
    await proxy.stop();
  }
  await world.settled();
}

const cases = {
  async "(the daemon runs)"() {
    Object.assign(world, await company({ parts: ["employees", "departments"] }));
    ({ erp, app, project } = world);
    await erp.insert("Staff Member", { staff_code: "ada", full_name: "Ada" });
    await project.start();
    assert.equal((await project.cli("sync")).code, 0);
    await world.settled();
  },
  async "behind nginx"() { await stands_before("nginx", nginx); },
  async "nginx speaks HTTP/2, and shows strangers nothing but webhooks and the ping"() {
    const proxy = await nginx();
    if (!proxy) return;
    const asked = (url, ...more) => execFileSync("curl", ["-sk", "--max-time", "10", "-o", "/dev/null", "-w", "%{http_version} %{http_code}", ...more, url], { encoding: "utf8" });
    try {
      assert.equal(asked(`https://127.0.0.1:${proxy.secure}/ping`, "--http2"), "2 200");
      const stranger = ["--interface", "127.0.0.2"];
      for (const hidden of ["/", "/metrics", "/health", "/api/v1/status", "/docs"]) assert.equal(asked(proxy.url + hidden, ...stranger), "1.1 403", hidden);
      assert.equal(asked(proxy.url + "/ping", ...stranger), "1.1 200");
      assert.equal(asked(proxy.url + "/webhook/erp", ...stranger, "-X", "POST", "-d", "{}"), "1.1 401");
      assert.equal(asked(proxy.url + "/metrics"), "1.1 200");
    } finally {
      await proxy.stop();
    }
  },
  async "behind Caddy"() { await stands_before("caddy", caddy); },
};

await run(cases, world);
