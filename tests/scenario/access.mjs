import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { asker } from "../support/operator.mjs";
import { binary, call, run, until } from "../support/scenario.mjs";
import { company } from "../support/staff.mjs";

const world = {};
let project, address;
const password = "correct horse battery";

/// A command that reads a password from its standard input: { code, out, err }.
const told = (line, ...args) => new Promise((resolve) => {
  const child = spawn(binary, [...args, "--project", project.folder], { stdio: ["pipe", "pipe", "pipe"] });
  const texts = { out: "", err: "" };
  child.stdout.on("data", (part) => (texts.out += part));
  child.stderr.on("data", (part) => (texts.err += part));
  child.on("close", (code) => resolve({ code, ...texts }));
  child.stdin.end(line);
});

const log_in = (name, text) => call(address + "/api/v1/login", { method: "POST", body: { name, password: text } });
const ready = () => JSON.parse(project.daemon.out().split("\n").find((line) => line.startsWith("{")));

const cases = {
  async "(a project without a user, to be listened on elsewhere)"() {
    Object.assign(world, await company({ parts: ["departments"] }));
    ({ project } = world);
    // A way to write loopback that the daemon does not take for loopback: so nothing is open while the test runs.
    project.edit("tidewire.lua", `listen = "127.0.0.1:0"`, `listen = "[::ffff:127.0.0.1]:0"`);
    await project.start();
    address = project.daemon.address;
  },

  async "without a user loopback alone is listened on, and a link is printed that is not in the log"() {
    assert.match(address, /^http:\/\/127\.0\.0\.1:\d+$/);
    assert.equal(project.logged("no_user").length, 1);
    const code = ready().setup.split("/").pop();
    assert.ok(code.length > 20);
    assert.ok(!project.daemon.err().includes(code));
    assert.equal((await call(address + "/api/v1/session")).json.any_user, false);
    assert.equal((await call(address + "/api/v1/operations")).status, 401);
  },

  async "a command makes the first user, and then it is listened where tidewire.lua says"() {
    const short = await told("short\n", "user", "add", "ada");
    assert.notEqual(short.code, 0);
    assert.match(short.err, /too short/);
    const first = await told(`${password}\n`, "user", "add", "ada", "--role", "viewer");
    assert.notEqual(first.code, 0, "the first is an administrator");
    const done = await told(`${password}\n`, "user", "add", "ada");
    assert.equal(done.code, 0, done.err);
    assert.match(done.out, /as admin/);
    const [, now] = await until("the other address", () => /listening on (\[[^\]]+\]:\d+)/.exec(project.daemon.err()));
    await until("the first address to be closed", async () => (await call(address + "/ping")).dropped);
    const port = now.split(":").pop();
    address = `http://[::ffff:127.0.0.1]:${port}`;
    assert.equal((await call(address + "/ping")).status, 200);
    assert.equal((await log_in("ada", password)).status, 200);
    assert.equal((await project.status()).connections.erp.kind, "frappe", "the socket is there again");
  },

  async "users are listed, changed and removed by command"() {
    assert.equal((await told(`${password} too\n`, "user", "add", "vera")).code, 0);
    const { users } = await project.ask(["user", "list"]);
    assert.deepEqual(users.map((one) => [one.name, one.role]), [["ada", "admin"], ["vera", "viewer"]]);
    assert.equal((await project.cli("user", "add", "vera", "--role", "operator", "--keep-password")).code, 0);
    assert.equal((await log_in("vera", `${password} too`)).json.role, "operator");
    assert.equal((await project.cli("user", "remove", "vera")).code, 0);
    assert.equal((await log_in("vera", `${password} too`)).status, 401);
    assert.notEqual((await project.cli("user", "remove", "ada")).code, 0, "the last administrator stays");
  },

  async "logins and tokens outlive a kill; the audit trail knows who made them"() {
    const login = await log_in("ada", password);
    const cookie = login.headers["set-cookie"][0].split(";")[0];
    const { token, id } = await project.ask(["token", "add", "ci", "--role", "operator", "--expires-in", "90d"]);
    await project.daemon.kill();
    await project.start();
    address = project.daemon.address;
    assert.equal(ready().setup, undefined);
    assert.equal((await call(address + "/api/v1/session", { headers: { Cookie: cookie } })).json.user, "ada");
    assert.equal((await asker(address, token)("GET", "/api/v1/audit")).status, 200);
    const { audit } = (await asker(address, token)("GET", "/api/v1/audit")).json;
    const made = audit.find((one) => one.action === "token_add");
    assert.match(made.author, /^uid \d+$/);
    assert.equal((await project.cli("token", "remove", id)).code, 0);
    assert.equal((await asker(address, token)("GET", "/api/v1/audit")).status, 401);
  },

  async "who says nothing, or a wrong token, sees no status on the machine itself either"() {
    const status = (headers) => call(address + "/api/v1/status", { headers: { Host: "localhost", ...headers } }).then((answer) => answer.status);
    for (const headers of [{}, { Authorization: "Bearer bad" }, { Authorization: "Bearer" }, { Cookie: "tidewire_session=bad" }]) assert.equal(await status(headers), 401, JSON.stringify(headers));
    const { code, out } = await project.cli("status", "--url", address, "--token", "bad");
    assert.notEqual(code, 0, out);
  },

  async "a command works on users without a daemon, too"() {
    await project.daemon.stop();
    const { users } = await project.ask(["user", "list"]);
    assert.equal(users.length, 1);
    const { tokens } = await project.ask(["token", "list"]);
    assert.equal(tokens.length, 0);
    await project.start();
    address = project.daemon.address;
  },

  async "a name that points here is answered once tidewire.lua lists it"() {
    const as = (host) => call(address + "/api/v1/session", { headers: { Host: host } });
    assert.equal((await as("sync.example.org")).status, 421);
    project.edit("tidewire.lua", "  defaults", `  admin = { hosts = { "sync.example.org" }, token = secret "ADMIN_TOKEN" },\n  cors = { "https://desk.example.org" },\n  defaults`);
    project.secrets.ADMIN_TOKEN = "a-token-of-the-environment";
    project.write_secrets();
    await until("the name to be known", async () => (await as("sync.example.org")).status === 200);
    await until("the token to be known", async () => (await asker(address, "a-token-of-the-environment")("GET", "/api/v1/users")).status === 200);
    const foreign = await call(address + "/api/v1/session", { headers: { Origin: "https://desk.example.org" } });
    assert.equal(foreign.headers["access-control-allow-origin"], "https://desk.example.org");
    assert.ok(!project.daemon.err().includes("a-token-of-the-environment"));
  },
};

await run(cases, world);
