// A daemon whose surroundings do not do their part: who reads its log stops reading, a system answers nonsense or quotes
// what was sent, strangers take every place on its port, a secret is missing. It goes on, and says no more than it should.
import assert from "node:assert/strict";
import fs from "node:fs";
import net from "node:net";
import { call, cleanup, run, settled, signed, start, until } from "../support/scenario.mjs";
import { company, secrets } from "../support/staff.mjs";

const binary = process.env.TIDEWIRE;
const world = {};
let erp, app, project, front;

/// Before the app: passes everything on, or answers what is no HTTP.
async function made_front(url) {
  const target = new URL(url), open = new Set(), self = { banner: false };
  const server = net.createServer((peer) => {
    peer.on("error", () => {});
    open.add(peer);
    if (self.banner) return peer.once("data", () => peer.end("SSH-2.0-OpenSSH_9.2p1 Debian\r\n"));
    const other = net.connect(Number(target.port), target.hostname);
    other.on("error", () => peer.destroy());
    other.on("close", () => peer.destroy());
    peer.on("close", () => other.destroy());
    peer.pipe(other);
    other.pipe(peer);
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  cleanup(() => { for (const peer of open) peer.destroy(); server.close(); });
  self.url = "http://127.0.0.1:" + server.address().port;
  self.use = (banner) => { self.banner = banner; for (const peer of open) peer.destroy(); };
  return self;
}

const alive = (pid) => { try { process.kill(pid, 0); return true; } catch { return false; } };

/// The daemon by a shell's words, which end in redirections; its pid once it answers.
async function started_by(words) {
  const shell = start("bash", ["-c", `exec ${binary} run ${project.folder} ${words}`]);
  const status = await until("the daemon to answer", async () => {
    if (!shell.running()) throw new Error("the daemon ended: " + shell.err());
    // No command is asked: without a daemon it would take the state itself.
    const asked = await call("http://tidewire/api/v1/status", { socket: project.path("state/tidewire.sock") });
    return asked.json?.address ? asked.json : undefined;
  }, 60);
  return { pid: Number(fs.readFileSync(project.path("state/lock"), "utf8")), address: "http://" + status.address };
}

/// More lines of log than a pipe holds, each by a webhook that is answered; then the end.
async function goes_on({ pid, address }) {
  for (let i = 0; i < 1500; i++) {
    const answer = await call(address + "/webhook/erp", { method: "POST", body: "no json", headers: signed(secrets.ERP_WEBHOOK_SECRET, "no json") });
    assert.equal(answer.status, 400, `webhook ${i}`);
  }
  assert.equal((await call(address + "/ping")).status, 200);
  process.kill(pid, "SIGTERM");
  await until("the daemon to end", async () => !alive(pid), 60);
}

await run({
  async "(two people in step)"() {
    Object.assign(world, await company({ parts: ["departments", "employees"] }));
    ({ erp, app, project } = world);
    front = await made_front(app.url);
    project.secrets.APP_URL = front.url;
    project.write_secrets();
    await app.define([{ name: "mails", primary_key: ["id"], triggers: [], columns: [{ name: "id", type: "bigint", identity: true }, { name: "code", type: "text", nullable: false, unique: true }, { name: "mail", type: "text", unique: true }] }]);
    project.write("mappings/mails.lua", `return mapping {
  left = erp.doctype "Staff Member", right = app.table "mails", on = { webhook = true }, key = { left = "name", right = "id" },
  match = { by.fields { { "staff_code", "code" } } }, fields = { { "staff_code", "code" }, { "bio", "mail" } },
}
`);
    await project.start();
    await world.connect();
    for (const code of ["ada", "grace"]) await erp.insert("Staff Member", { staff_code: code, full_name: code, bio: code + "@mail.example" });
    await world.settled();
  },

  async "a system that quotes a value in its refusal is quoted in the operation and not in the log"() {
    await erp.edit("Staff Member", "HR-00002", { bio: "ada@mail.example" });
    const dead = await until("the refusal", async () => (await project.dead("mails"))[0]);
    assert.match(dead.error.message, /ada@mail\.example/);
    const log = project.daemon.err();
    assert.ok(!log.includes("ada@mail.example"), log.split("\n").find((line) => line.includes("ada@mail.example")));
    assert.ok(project.logged("operation").some((one) => one.mapping === "mails" && one.operation && /\(.*(bio|mail).*\)/.test(one.message)), "the field and the operation are named");
  },

  async "a system that answers what is no HTTP is waited for: nothing is a dead letter"() {
    const before = (await project.dead("employees")).length;
    front.use(true);
    await erp.edit("Staff Member", "HR-00001", { phone: "1" });
    for (const code of ["emmy", "lise"]) await erp.insert("Staff Member", { staff_code: code, full_name: code });
    await until("the trouble to be met", async () => {
      const found = (await project.status()).mappings.employees;
      return found.backing_off + found.dead > 0 || project.logged("retry").length > 0;
    });
    assert.equal((await project.dead("employees")).length, before);
    front.use(false);
    await until("everything to arrive", async () => (await app.all("employees")).length === 4, 120);
    await settled({ app, project });
    assert.equal((await project.dead("employees")).length, before);
  },

  async "a system that is left alone after failures is asked again as soon as a person asks for something of it"() {
    front.use(true);
    await erp.edit("Staff Member", "HR-00001", { phone: "2" });
    await until("the app to be left alone", async () => {
      await project.cli("sync", "employees", "--key", "HR-00001");
      const { state, reason } = (await project.status()).connections.app;
      return state === "failing" && reason !== "";
    });
    front.use(false);
    const asked = await project.cli("sync", "employees", "--key", "HR-00001");
    assert.equal(asked.code, 0, asked.out + asked.err);
    assert.equal((await app.all("employees")).find((one) => one.code === "ada")?.phone, "2");
    await settled({ app, project });
  },

  async "its start, its being told to stop and its end are in the log"() {
    assert.equal((await project.daemon.stop()).code, 0);
    assert.equal(project.logged("started").length, 1);
    assert.deepEqual([project.logged("stopping").length, project.logged("stopped").length], [1, 1]);
  },

  async "a log that nobody reads holds up nobody"() {
    await goes_on(await started_by("2> >(exec sleep 600)"));
  },

  async "neither does one whose standard files are closed, and no other file is taken for it"() {
    await goes_on(await started_by("<&- >&- 2>&-"));
  },

  async "strangers who take every place on the port do not keep the operator's commands out"() {
    await project.start();  // nobody else is connected
    const { port, hostname } = new URL(project.daemon.address);
    const strangers = [];
    let refused = 0;
    try {
      for (let i = 0; i < 1200; i++) {
        const one = net.connect(Number(port), hostname);
        one.on("error", () => {});
        one.on("end", () => refused++);
        one.resume();
        strangers.push(one);
      }
      await until("the places to be taken", () => refused >= 1200 - 1024, 60);
      const told = await project.cli("status");
      assert.equal(told.code, 0, told.err);
    } finally {
      for (const one of strangers) one.destroy();
    }
    assert.ok(refused < 1200, "the others kept theirs");
    await until("the places to be free again", async () => (await call(project.daemon.address + "/ping")).status === 200, 60);
    await project.daemon.stop();
  },

  async "a webhook to a connection that does not run is to be sent again"() {
    const { ERP_SECRET, ...less } = project.secrets;
    assert.ok(ERP_SECRET);
    project.write_secrets(less);
    await project.start();
    const body = JSON.stringify({ doctype: "Staff Member", name: "HR-00001" });
    const answer = await call(project.daemon.address + "/webhook/erp", { method: "POST", body, headers: signed(secrets.ERP_WEBHOOK_SECRET, body) });
    assert.equal(answer.status, 503, answer.text);
    assert.ok(Number(answer.headers["retry-after"]) > 0);
    assert.match(answer.text, /connection 'erp' does not run/);
    assert.equal((await call(project.daemon.address + "/webhook/nobody", { method: "POST", body })).status, 404);
    await project.daemon.stop();
  },

  async "a wrong address to listen on is wrong usage"() {
    const told = await project.cli("run", "--listen", "nonsense");
    assert.equal(told.code, 2, told.err);
    assert.match(told.err, /nonsense/);
  },
}, world);
