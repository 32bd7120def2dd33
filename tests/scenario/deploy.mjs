// What a server gets: new project folders, several of them in one process, the files of examples/deploy, a copy of the state put back.
import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import fs from "node:fs";
import net from "node:net";
import path from "node:path";
import { binary, call, cleanup, frappe, run, start, temporary, until } from "../support/scenario.mjs";
import { company } from "../support/staff.mjs";

const world = {};
const examples = path.join(process.env.SOURCE_DIR, "examples");
const tidewire = (...args) => execFileSync(binary, args, { encoding: "utf8" });
const tool = (name) => ["/usr/bin/", "/usr/sbin/", "/usr/local/bin/"].map((folder) => folder + name).find((file) => fs.existsSync(file));

/// Every metric that an expression names.
const metrics_in = (expression) => [...expression.matchAll(/\btidewire_[a-z_]+/g)].map(([name]) => name.replace(/_bucket$/, ""));

const cases = {
  async "(the daemon runs)"() {
    Object.assign(world, await company());
    await world.erp.insert("Staff Member", { staff_code: "ada", full_name: "Ada", bio: "b" });
    await world.project.start();
    await world.connect();
    assert.equal((await world.project.cli("sync")).code, 0);
    await world.settled();
  },

  async "a new project has comments, secrets of its own and no fault"() {
    const folder = path.join(temporary("new"), "shop");
    assert.match(tidewire("new", folder), /made .*tidewire\.lua/);
    assert.equal(fs.statSync(path.join(folder, ".env")).mode & 0o777, 0o600);
    assert.match(fs.readFileSync(path.join(folder, ".gitignore"), "utf8"), /^\.env$/m);
    assert.equal(fs.statSync(path.join(folder, "state")).mode & 0o777, 0o700);  // a container mounts its volume there
    const unfilled = spawnSync(binary, ["check", "--project", folder], { encoding: "utf8" });
    assert.equal(unfilled.status, 3);
    assert.match(unfilled.stdout + unfilled.stderr, /secret "ERP_KEY" is empty/);
    const filled = { ERP_URL: world.erp.url, ERP_KEY: "practice-key", ERP_SECRET: "practice-secret", ERP_WEBHOOK_SECRET: "x", APP_URL: world.app.url, APP_KEY: "sb_secret_practice", APP_WEBHOOK_SECRET: "y" };
    fs.writeFileSync(path.join(folder, ".env"), Object.entries(filled).map(([name, value]) => `${name}=${value}\n`).join(""), { mode: 0o600 });
    const data = (fieldname, more = {}) => ({ fieldname, fieldtype: "Data", label: fieldname, ...more });
    const employee = [...["first_name", "last_name", "gender", "cell_number"].map((name) => data(name)), data("company_email", { unique: 1 }),
      data("date_of_birth", { fieldtype: "Date" }), data("status", { fieldtype: "Select", options: "Active\nInactive\nSuspended\nLeft", default: "Active" })];
    await world.erp.define({ name: "Employee", autoname: "HR-EMP-.#####", fields: employee });
    await world.app.define([{ name: "people", primary_key: ["id"], columns: [{ name: "id", type: "bigint", identity: true }, { name: "email", type: "text", unique: true },
      ...["first_name", "last_name", "gender", "phone", "status"].map((name) => ({ name, type: "text" })), { name: "date_of_birth", type: "date" }, { name: "updated_at", type: "timestamptz" }] }]);
    tidewire("check", "--connect", "--project", folder);
    // The same name, another system: told, and a reason to fail, until somebody says that it is the right one.
    const other = await frappe();
    await other.define({ name: "Employee", autoname: "HR-EMP-.#####", fields: employee });
    fs.writeFileSync(path.join(folder, ".env"), Object.entries({ ...filled, ERP_URL: other.url }).map(([name, value]) => `${name}=${value}\n`).join(""), { mode: 0o600 });
    const met = spawnSync(binary, ["check", "--connect", "--project", folder], { encoding: "utf8" });
    assert.equal(met.status, 4, met.stdout);
    assert.match(met.stdout, /✗ connection erp +another system answers/);
    assert.match(met.stdout, /tidewire check --accept erp/);
    assert.match(tidewire("check", "--accept", "erp", "--project", folder), /✓ erp is accepted as the right system[^]*no problem found/);
    fs.writeFileSync(path.join(folder, "tidewire.lua"), "-- mine");
    assert.match(tidewire("new", folder), /kept .*tidewire\.lua was there/);
    assert.equal(fs.readFileSync(path.join(folder, "tidewire.lua"), "utf8"), "-- mine");
  },

  async "a new project begins as an example's"() {
    const folder = path.join(temporary("new"), "countries");
    const { made } = JSON.parse(tidewire("new", folder, "--from", "quickstart", "--json"));
    assert.ok(made.includes("mappings/countries.lua"), made.join());
    const text = (at) => fs.readFileSync(path.join(at, "tidewire.lua"), "utf8").split("\n");
    const own = text(folder), example = text(path.join(examples, "quickstart/project"));
    const apart = own.filter((line, n) => line !== example[n]);
    assert.equal(own.length, example.length);
    assert.match(apart.join("\n"), /^  listen = "127\.0\.0\.1:8080",  -- .*$/);  // one address, and nothing else
    const mode = (name) => fs.statSync(path.join(folder, name)).mode & 0o777;
    assert.equal(mode(".env"), 0o600);
    assert.equal(mode("state"), 0o700);
    const env = fs.readFileSync(path.join(folder, ".env"), "utf8");
    for (const name of ["ERP_URL", "ERP_KEY", "ERP_SECRET", "ERP_WEBHOOK_SECRET", "APP_URL", "APP_KEY", "APP_WEBHOOK_SECRET"]) assert.match(env, new RegExp(`^${name}=$`, "m"));
    assert.match(fs.readFileSync(path.join(folder, ".gitignore"), "utf8"), /^\.env$/m);
    const unfilled = spawnSync(binary, ["check", "--project", folder], { encoding: "utf8" });
    assert.equal(unfilled.status, 3);
    assert.match(unfilled.stdout + unfilled.stderr, /"ERP_KEY" is empty/);
    assert.throws(() => tidewire("new", folder, "--from", "quikstart"), /did you mean 'quickstart'/);
  },

  async "several projects are served by one process, and one that is broken stops none"() {
    const parent = temporary("several");
    const holder = net.createServer().listen(0, "127.0.0.1");
    cleanup(() => holder.close());
    await new Promise((listening) => holder.once("listening", listening));
    for (const name of ["one", "two", "broken", "taken"]) {
      tidewire("new", path.join(parent, name));
      const port = name === "taken" ? holder.address().port : 0;
      fs.writeFileSync(path.join(parent, name, "tidewire.lua"), name === "broken" ? "return project {" : `return project { listen = "127.0.0.1:${port}", connections = { app = supabase { url = "http://127.0.0.1:9", key = "k" } } }`);
      fs.rmSync(path.join(parent, name, "mappings"), { recursive: true });
    }
    const daemon = start(binary, ["run", ...["one", "broken", "taken", "two"].map((name) => path.join(parent, name)), "--json"]);
    const ready = await until("both to listen", () => {
      const lines = daemon.out().split("\n").filter((line) => line.includes('"ready"'));
      return lines.length === 2 && lines.map((line) => JSON.parse(line).ready);
    });
    for (const address of ready) assert.equal((await call(`http://${address}/ping`)).status, 200);
    assert.notEqual(ready[0], ready[1]);
    for (const told of [/broken.*tidewire\.lua:1/, /taken.*in use/]) await until(`${told} to be told`, () => told.test(daemon.out() + daemon.err()));
    for (const name of ["one", "two"]) assert.ok(fs.existsSync(path.join(parent, name, "state/tidewire.db")));
    assert.equal((await daemon.stop()).code, 4);
  },

  async "the files for containers and services name what is there, and folders that may be written"() {
    const file = (name) => fs.readFileSync(path.join(examples, "deploy", name), "utf8");
    const compose = file("docker/compose.yaml");
    for (const [, source, target] of compose.matchAll(/^ +- (\.[^:]+):(\S+)$/gm)) {
      if (source === "./project") assert.equal(target, "/project", "edits of the page are written there");
      else assert.ok(fs.existsSync(path.join(examples, "deploy/docker", source)), source);
    }
    const [, check] = file("docker/Dockerfile").match(/^HEALTHCHECK .* CMD \[(.*)\]$/m);
    assert.match(check, /"status", "--healthy"/, "a conflict is no reason to start the container again");
    assert.match(compose, new RegExp(`chown -R ${file("docker/Dockerfile").match(/^USER (\S+)$/m)[1]} project`), "the container's user reads .env");
    const dockerfile = file("docker/Dockerfile"), one = (pattern, text = dockerfile) => text.match(pattern)[1];
    assert.equal(one(/^COPY (\S+) usr/m), one(/^binary=(\S+)$/m, fs.readFileSync(path.join(examples, "../.ci/release"), "utf8")), "what .ci/release makes is copied");
    assert.match(file("docker/Dockerfile.dockerignore"), new RegExp(`^!${one(/^COPY (\S+) usr/m)}$`, "m"));
    const command = JSON.parse(one(/^CMD (\[.*\])$/m)), folder = command[1], port = one(/:(\d+)$/, command.at(-1));
    assert.deepEqual([one(/^WORKDIR (\/project)$/m), one(/^VOLUME (\S+)$/m), JSON.parse(`[${check}]`).at(-1), one(/^ENTRYPOINT (\[.*\])$/m)], [folder, folder + "/state", folder, `["${JSON.parse(`[${check}]`)[0]}"]`]);
    assert.match(compose, new RegExp(`- state:${folder}/state$`, "m"));
    assert.match(compose, new RegExp(`"127\\.0\\.0\\.1:${port}:${port}"`));
    assert.equal(one(/^EXPOSE (\d+)$/m), port);
    assert.match(file("prometheus/prometheus.yml"), new RegExp(`targets: \\["tidewire:${port}"\\]`));
    for (const [, rules] of file("prometheus/prometheus.yml").matchAll(/^rule_files: \[(.*)\]$/gm)) assert.ok(fs.existsSync(path.join(examples, "deploy/prometheus", rules)), rules);
    assert.match(compose, new RegExp(`:${one(/path: (\S+) /, file("grafana/provisioning/dashboards/tidewire.yaml"))}/tidewire\\.json:ro`), "where Grafana looks for dashboards");
    const source = file("grafana/provisioning/datasources/prometheus.yaml");
    assert.equal(one(/url: "http:\/\/(\w+):9090"/, source), "prometheus");
    for (const [, uid] of file("grafana/tidewire.json").matchAll(/"type": "prometheus",\s*"uid": "(\w+)"/g)) assert.equal(uid, one(/uid: (\w+)/, source));
    const writable = file("systemd/tidewire@.service").match(/^ReadWritePaths=(.*)$/m)[1].split(" ").map((one) => one.replace(/^-/, ""));
    const [, copies] = file("README.md").match(/folder = "([^"]+)"/);
    assert.ok(writable.some((one) => copies.startsWith(one + "/")), `the unit may not write to ${copies}`);
    assert.match(file("debian/postinst"), /\/var\/backups\/tidewire/);
    for (const [, log] of file("supervisord.conf").matchAll(/logfile=(\S+)/g)) assert.match(log, /^\/var\/log\/supervisor\//, "a folder that supervisor brings");
  },

  async "what the image is made of is enough for the program, and its check of health tells a daemon from none"() {
    const dockerfile = fs.readFileSync(path.join(examples, "deploy/docker/Dockerfile"), "utf8");
    const [, made] = dockerfile.match(/^RUN (mkdir (?:.*\\\n)*.*)$/m);
    const there = [...made.matchAll(/ (\/(?:lib|etc|usr)\S+)/g)].every(([, name]) => fs.existsSync(name));
    if (process.getuid() !== 0 || !tool("chroot") || !there || process.env.TIDEWIRE_SANITIZED) return console.log("  skipped: needs root on Debian, x86-64, and the files that the image copies");
    const image = temporary("image"), program = path.join(image, "usr/local/bin/tidewire");
    fs.chmodSync(image, 0o755);
    execFileSync("sh", ["-ec", made], { cwd: image });
    fs.copyFileSync(binary, program);
    fs.chmodSync(program, 0o755);
    execFileSync("sh", ["-ec", dockerfile.match(/^RUN (lib64\/.*)$/m)[1].replace("lib/x86_64-linux-gnu", "/lib/x86_64-linux-gnu:/usr/lib/x86_64-linux-gnu")], { cwd: image });
    // A build that is no release needs more than libc.
    for (const [, library] of execFileSync("ldd", [binary], { encoding: "utf8" }).matchAll(/=> (\/\S+)/g)) {
      const copy = path.join(image, "lib/x86_64-linux-gnu", path.basename(library));
      if (!fs.existsSync(copy)) fs.copyFileSync(library, copy);
    }
    const user = dockerfile.match(/^USER (\S+)$/m)[1], [, check] = dockerfile.match(/^HEALTHCHECK .* CMD (\[.*\])$/m);
    assert.equal(fs.statSync(path.join(image, "project/state")).mode & 0o777, 0o700);
    fs.writeFileSync(path.join(image, "project/tidewire.lua"), `return project { connections = { app = supabase { url = "${world.app.url}", key = "sb_secret_practice" } } }`);
    const inside = (command) => [`--userspec=${user}`, image, ...command];
    const health = () => spawnSync(tool("chroot"), inside(JSON.parse(check)), { encoding: "utf8" });
    assert.equal(health().status, 1, "nothing runs");
    const daemon = start(tool("chroot"), inside(["/usr/local/bin/tidewire", "run", "/project", "--listen", "127.0.0.1:0", "--json"]));
    await until("the daemon to be ready", () => daemon.out().includes('"ready"'));
    await until("the first answer of the app", () => health().status === 0);
    assert.equal((await daemon.stop()).code, 0);
    assert.equal(health().status, 1);
  },

  async "every metric that alerts and the dashboard name exists"() {
    await world.erp.edit("Staff Member", "HR-00001", { phone: "measured" });
    await world.settled();
    const { text } = await call(world.project.daemon.address + "/metrics");
    for (const counted of ["webhook_duration_seconds_count{connection=\"erp\"}", "end_to_end_seconds_count{mapping=\"employees\"}"]) assert.match(text, new RegExp(`^tidewire_${counted.replace(/[{}]/g, "\\$&")} [1-9]`, "m"), counted);
    const there = new Set([...text.matchAll(/^# TYPE (\S+)/gm)].map(([, name]) => name));
    const alerts = fs.readFileSync(path.join(examples, "deploy/prometheus/alerts.yml"), "utf8");
    const dashboard = JSON.parse(fs.readFileSync(path.join(examples, "deploy/grafana/tidewire.json"), "utf8"));
    const queries = [...alerts.matchAll(/^ +expr: (.*)$/gm)].map(([, one]) => one).concat(dashboard.panels.flatMap((panel) => panel.targets.map((target) => target.expr)));
    assert.ok(queries.length > 20);
    const with_tls = "tidewire_tls_valid_until_timestamp_seconds";  // tls.mjs looks for it
    for (const query of queries) for (const name of metrics_in(query)) assert.ok(name === with_tls || there.has(name), `${name} of "${query}" is no metric`);
    if (tool("promtool")) execFileSync(tool("promtool"), ["check", "rules", path.join(examples, "deploy/prometheus/alerts.yml")]);
  },

  async "a copy made while edits go on is put back, and a sync finds what came since"() {
    const { erp, app, project } = world;
    const state = project.path("state/tidewire.db"), copy = path.join(temporary("backup"), "copy.db");
    await erp.edit("Staff Member", "HR-00001", { phone: "before the copy" });
    execFileSync("sqlite3", [state, `.backup ${copy}`]);
    await world.settled();
    await erp.edit("Staff Member", "HR-00001", { phone: "after the copy" });
    await erp.insert("Staff Member", { staff_code: "eve", full_name: "Eve" });
    await world.settled();
    await project.daemon.stop();
    fs.copyFileSync(copy, state);
    for (const tail of ["-wal", "-shm"]) fs.rmSync(state + tail, { force: true });
    await erp.edit("Staff Member", "HR-00001", { bio: "while it was away" });
    await project.start();
    assert.equal((await project.cli("sync", "--all", "--sweep")).code, 0);
    await world.settled();
    const ada = await app.find("employees", "code", "ada");
    assert.equal(ada.phone, "after the copy");
    assert.equal(ada.bio, "while it was away");
    assert.equal((await app.all("employees")).length, 2);
    assert.deepEqual(await project.dead(), []);
  },
};

await run(cases, world);
