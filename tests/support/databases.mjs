// Real database servers for scenarios: started by examples/shared/servers, spoken to through their own clients.
import { execFileSync, spawn } from "node:child_process";
import path from "node:path";
import { cleanup, temporary, until } from "./scenario.mjs";

const servers = path.resolve(path.dirname(new URL(import.meta.url).pathname), "../../examples/shared/servers");

function variables(text) {
  return Object.fromEntries(text.trim().split("\n").map((line) => [line.slice(0, line.indexOf("=")), line.slice(line.indexOf("=") + 1)]));
}

// stderr goes nowhere: a server that stays in the background would hold a pipe open.
const script = (name, ...args) => execFileSync(path.join(servers, name), args, { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] });

/// A PostgreSQL cluster: { url, sql(text), rows(text), session(), kill(), again(), become_another(), pool() }.
export function postgres(schema = "") {
  const folder = temporary("postgres");
  const { POSTGRES_URL: url } = variables(script("postgres", "start", folder));
  cleanup(() => script("postgres", "stop", folder));
  const self = { url, stopped: false };
  self.sql = (text) => execFileSync("psql", ["-qAtX", "-v", "ON_ERROR_STOP=1", url, "-c", text], { encoding: "utf8" }).trim();
  self.rows = (query) => JSON.parse(self.sql(`select coalesce(json_agg(r), '[]') from (${query}) r`));
  /// A client in the middle of something: each send() resolves once the server has answered it.
  self.session = () => {
    const client = spawn("psql", ["-qAtX", url], { stdio: ["pipe", "pipe", "inherit"] });
    let out = "", marks = 0;
    client.stdout.on("data", (part) => (out += part));
    cleanup(() => client.kill("SIGKILL"));
    return {
      send: async (text) => {
        const mark = `done ${++marks}`;
        client.stdin.write(`${text};\n\\echo ${mark}\n`);
        await until(text, () => out.includes(mark + "\n"));
      },
      end: () => client.stdin.end(),
    };
  };
  self.kill = () => script("postgres", "kill", folder);
  self.again = () => script("postgres", "again", folder);
  self.become_another = () => script("postgres", "another", folder);
  self.pool = () => variables(script("postgres", "pool", folder)).POOLER_URL;
  if (schema) self.sql(schema);
  return self;
}

/// A MariaDB server with a database and user `practice`: { port, sql(text), rows(text), kill(), again() }.
export function mariadb(schema = "") {
  const folder = temporary("mariadb");
  const { MARIADB_PORT: port } = variables(script("mariadb", "start", folder));
  cleanup(() => script("mariadb", "stop", folder));
  const self = { port };
  const args = ["--no-defaults", "--default-character-set=utf8mb4", "-h127.0.0.1", `-P${port}`, "-upractice", "-ppractice", "--batch", "--skip-column-names", "--raw", "practice"];
  self.sql = (text) => execFileSync("mariadb", [...args, "-e", text], { encoding: "utf8" }).trim();
  self.session = () => {
    const client = spawn("mariadb", [...args, "--unbuffered"], { stdio: ["pipe", "pipe", "inherit"] });
    let out = "", marks = 0;
    client.stdout.on("data", (part) => (out += part));
    cleanup(() => client.kill("SIGKILL"));
    return {
      send: async (text) => {
        const mark = `done ${++marks}`;
        client.stdin.write(`${text};\nselect '${mark}';\n`);
        await until(text, () => out.includes(mark + "\n"));
      },
      end: () => client.stdin.end(),
    };
  };
  self.kill = () => script("mariadb", "kill", folder);
  self.again = () => script("mariadb", "again", folder);
  if (schema) self.sql(schema);
  return self;
}
