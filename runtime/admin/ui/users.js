// Who may log in, and tokens for programs.
import { get, may, post, put, remove, segment, session } from "./api.js";
import { field, h, replace, select } from "./dom.js";
import { bytes, chip, moment } from "./format.js";
import { act, ask, banner, button, empty, head, table, toast } from "./view.js";

const password_input = { label: "Password, at least 10 characters", name: "password", type: "password", required: true, minlength: "10", autocomplete: "new-password" };

function users_part(users, draw) {
  const drop = async (row) => {
    if (!(await ask(`Remove ${row.name}?`, { text: "The user is logged out at once. What they did stays in the audit trail.", yes: "Remove", danger: true }))) return;
    await remove(`/api/v1/users/${segment(row.name)}`);
    await draw();
  };
  const new_password = async (row) => {
    const own = row.name === session.user;
    const answer = await ask(`A new password for ${row.name}`, { text: own ? "It ends your logins, this one too: log in with it." : `The role stays ${row.role}. ${row.name} is logged out everywhere, and may try again at once after too many wrong passwords.`, inputs: [password_input], yes: "Set it" });
    if (!answer) return;
    await put(`/api/v1/users/${segment(row.name)}`, { role: row.role, password: answer.password });
    toast(`${row.name} has a new password.`);
    await draw();
  };
  const role = (row) => h("select", { "aria-label": `role of ${row.name}`, on: { change: act(async (event) => { await put(`/api/v1/users/${segment(row.name)}`, { role: event.target.value }); toast(`${row.name} is ${event.target.value} from now on.`); await draw(); }) } }, ["viewer", "operator", "admin"].map((one) => h("option", { value: one, selected: one === row.role }, one)));
  return h("section", { class: "card flush" }, h("div", { class: "head" }, h("h2", {}, "Users"), button("Add a user…", () => add_user(draw))), table("users", [
    { title: "Name", cell: (row) => h("b", {}, row.name), value: (row) => row.name }, { title: "Role", cell: role, value: (row) => row.role }, { title: "Last login", kind: "time", cell: (row) => (row.login_at ? moment(row.login_at) : "never"), value: (row) => row.login_at },
    { title: "", private: true, cell: (row) => [button("New password…", () => new_password(row), "quiet"), row.name !== session.user && button("Remove…", () => drop(row), "quiet")] },
  ], users, { label: "Users", id: "name" }));
}

async function add_user(draw) {
  const answer = await ask("Add a user", { text: "They start as a viewer; the role is changed in the list.", inputs: [{ label: "Name", name: "name", required: true, autocomplete: "off" }, password_input], yes: "Add" });
  if (!answer) return;
  const { users } = await get("/api/v1/users");
  if (users.some((one) => one.name === answer.name)) throw Object.assign(new Error(`There is a user ${answer.name} already.`), { hint: "“New password…” in the list sets another password, the list the role." });
  await put(`/api/v1/users/${segment(answer.name)}`, { role: "viewer", password: answer.password });
  await draw();
}

function tokens_part(tokens, mappings, draw) {
  const place = h("div", { role: "status" });
  const add = async (event) => {
    const values = Object.fromEntries([...new FormData(event.target)].filter(([, value]) => value));
    if (values.role !== "trigger") delete values.mapping;
    const made = await post("/api/v1/tokens", values);
    replace(place, banner("info", "The token, shown this once:", "", h("code", { class: "mono" }, made.token)));
    await draw(place);
  };
  const form = h("form", { class: "filters", on: { submit: act(add) } }, field("What it is for", h("input", { name: "name", required: true, maxlength: "64" })), field("Role", select("role", ["viewer", "operator", "admin", "trigger"], "viewer")), field("Mapping, for trigger", select("mapping", [["", ""], ...mappings], "")), field("Ends after", h("input", { name: "expires_in", placeholder: "90d" })), h("button", { type: "submit" }, "Make a token"));
  return h("section", { class: "card" }, h("h2", {}, "Tokens for programs"), form, place, table("tokens", [
    { title: "Name", cell: (row) => h("b", {}, row.name), value: (row) => row.name }, { title: "Role", kind: "tight", cell: (row) => chip(row.role), value: (row) => row.role }, { title: "Mapping", cell: (row) => row.mapping ?? "" }, { title: "Made by", cell: (row) => row.author }, { title: "Last use", kind: "time", cell: (row) => (row.used_at ? moment(row.used_at) : "never"), value: (row) => row.used_at }, { title: "Ends", kind: "time", cell: (row) => (row.expires_at ? moment(row.expires_at) : "never"), value: (row) => row.expires_at },
    { title: "", private: true, cell: (row) => button("End token…", async () => { if (!(await ask(`End the token ${row.name}?`, { text: "Whoever uses it is refused from then on.", yes: "End it", danger: true }))) return; await remove(`/api/v1/tokens/${segment(row.id)}`); await draw(); }, "quiet") },
  ], tokens, { label: "Tokens", nothing: empty("No token yet", "A program sends one as Authorization: Bearer TOKEN; the page /docs shows every path.") }));
}

async function back_up(draw) {
  const made = await post("/api/v1/backups");
  toast(`${made.name} is made.`);
  await draw();
}

export async function users_page(box, tools) {
  const draw = async (kept) => {
    const [{ users }, { tokens }, { mappings }, { folder, backups }] = await Promise.all([get("/api/v1/users"), get("/api/v1/tokens"), get("/api/v1/status"), get("/api/v1/backups")]);
    if (!tools.current()) return;
    const tokens_card = tokens_part(tokens, Object.keys(mappings).filter((name) => !mappings[name].file_gone), draw);
    if (kept?.childNodes) tokens_card.querySelector("[role=status]").replaceWith(kept);
    replace(box, head("Users"), users_part(users, () => draw()), tokens_card,
      h("section", { class: "card flush" }, h("div", { class: "head" }, h("h2", {}, "Backups of the state"), may("admin") && button("Back up now", () => back_up(draw))), h("p", { class: "dim small under" }, folder), table("backups", [{ title: "File", kind: "mono", cell: (row) => row.name }, { title: "Size", kind: "number", cell: (row) => bytes(row.bytes), value: (row) => row.bytes }], backups, { label: "Backups", nothing: empty("No backup yet", "A backup is a consistent copy of the state, made while all goes on. Copy it away from this machine.") })));
  };
  await draw();
}
