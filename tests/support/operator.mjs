// Whoever asks the API over TCP: with a token, as a program does.
import assert from "node:assert/strict";
import { call, until } from "./scenario.mjs";

export function asker(address, token) {
  return (method, target, body, headers = {}) => call(address + target, { method, body, headers: { ...(token ? { Authorization: `Bearer ${token}` } : {}), ...(body === undefined ? {} : { "Content-Type": "application/json" }), ...headers } });
}

/// A token of each role, made over the socket by whoever runs the daemon.
export async function tokens(project, mapping) {
  const made = {};
  for (const role of ["viewer", "operator", "admin", "trigger"]) {
    const more = role === "trigger" ? ["--mapping", mapping] : [];
    const answer = await project.ask(["token", "add", `test-${role}`, "--role", role, ...more]);
    assert.match(answer.token, /^tw_[\w-]{43}$/);
    made[role] = answer.token;
  }
  return made;
}

/// Both sides change `remark`, which a person must decide, and `more`, while the daemon does not look.
export async function make_conflict({ erp, app, project }, key, code, more = {}) {
  const socket = project.path("state/tidewire.sock");
  const command = async (verb) => assert.equal((await call(`http://tidewire/api/v1/mappings/employees/${verb}`, { method: "POST", body: "{}", socket })).status, 200);
  await command("disable");
  await erp.edit("Staff Member", key, { remark: `left of ${code}`, ...more.left });
  await app.edit("employees", "code", code, { remark: `right of ${code}`, ...more.right });
  await command("enable");
  await until(`a conflict of ${code}`, async () => {
    const { json } = await call("http://tidewire/api/v1/conflicts", { socket });
    return json.conflicts.some((one) => one.left === `left of ${code}` && one.right === `right of ${code}`);
  });
}
