// A real WordPress for scenarios: started by examples/shared/servers/wordpress, spoken to as its people and its editors do.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import path from "node:path";
import { call, cleanup, temporary } from "./scenario.mjs";

const script = path.resolve(path.dirname(new URL(import.meta.url).pathname), "../../examples/shared/servers/wordpress");

/// { url, password, plugins, database, php(code), ask(method, where, body), posts(), post(slug) }
export function wordpress() {
  const folder = temporary("wordpress");
  const text = execFileSync(script, ["start", folder], { encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] });
  cleanup(() => execFileSync(script, ["stop", folder]));
  const said = Object.fromEntries(text.trim().split("\n").map((line) => [line.slice(0, line.indexOf("=")), line.slice(line.indexOf("=") + 1)]));
  const self = { url: said.WORDPRESS_URL, password: said.WORDPRESS_PASSWORD, plugins: said.WORDPRESS_PLUGINS, database: Number(said.MARIADB_PORT) };
  /// What somebody does in wp-admin, as PHP; what it returns.
  self.php = async (code) => {
    const answer = await call(`${self.url}/?practice=1`, { method: "POST", body: code, headers: { "Content-Type": "text/plain" } });
    assert.equal(answer.status, 200, `${code}: ${answer.text}`);
    assert.ok(answer.json, `${code}: ${answer.text}`);
    return answer.json.result;
  };
  self.ask = async (method, where, body) => {
    const headers = { Authorization: `Basic ${Buffer.from(`admin:${self.password}`).toString("base64")}`, "Content-Type": "application/json" };
    const answer = await call(`${self.url}/wp-json/wp/v2/${where}`, { method, body, headers });
    assert.ok(answer.status < 300, `${method} ${where}: ${answer.status} ${answer.text}`);
    return answer.json;
  };
  self.all = "publish,future,draft,pending,private";
  /// null where there is none
  self.post = async (slug) => (await self.ask("GET", `posts?slug=${slug}&status=${self.all}&context=edit`))[0] ?? null;
  self.category = async (slug) => (await self.ask("GET", `categories?slug=${slug}&context=edit`))[0] ?? null;
  return self;
}
