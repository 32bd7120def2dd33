// A connection made or edited: what its kind wants to be told, tried before it is saved. Secrets are typed and never shown.
import { get, post, put, remove, segment } from "./api.js";
import { field, h, replace, select } from "./dom.js";
import { parse, text_of } from "./exact.js";
import { counted } from "./format.js";
import { ask, banner, button, card, head, table, toast } from "./view.js";

const words = {
  url: "Address", api_key: "API key", api_secret: "API secret", key: "Key", token: "Token", password: "Password", webhook_secret: "Webhook secret", host: "Host", port: "Port", database: "Database", user: "User", login: "Login",
};
/// One of a list is known by its place in it: "webhook_secret.0" is the first.
function label_of(path) {
  const [name, at] = path.split(/\.(?=\d+$)/);
  return `${words[name] ?? name.replaceAll("_", " ").replace(/^./, (first) => first.toUpperCase())}${at === undefined ? "" : ` ${Number(at) + 1}`}`;
}
// These have a place of their own below.
const apart = new Set(["limits", "webhook", "auth"]);

/// One input of an option; its value as the API takes it, undefined where nothing is said.
function option_input(rule, now, secret) {
  const name = `option-${rule.name}`;
  const hint = rule.default === undefined ? "" : `without it: ${typeof rule.default === "object" ? text_of(rule.default) : rule.default}`;
  if (rule.secret) {
    const input = h("input", { type: "password", name, autocomplete: "off", spellcheck: "false", required: rule.required && !secret?.set, placeholder: secret?.set ? "set; empty keeps it" : "" });
    return { element: field(label_of(rule.name), [input, secret && h("span", { class: "dim small" }, `${secret.variable} in .env`)]), secret: () => input.value || undefined };
  }
  if (rule.type === "choice") {
    const input = select(name, [["", hint || "as the kind has it"], ...rule.options], now ?? "");
    return { element: field(label_of(rule.name), input), value: () => input.value || undefined };
  }
  if (rule.type === "boolean") {
    const input = select(name, [["", hint || "as the kind has it"], ["true", "yes"], ["false", "no"]], now === undefined ? "" : String(now));
    return { element: field(label_of(rule.name), input), value: () => (input.value === "" ? undefined : input.value === "true") };
  }
  if (rule.type === "table" || (rule.type === "any" && typeof now === "object")) {
    const input = h("textarea", { name, rows: "3", spellcheck: "false", value: now === undefined ? "" : text_of(now, 2), placeholder: hint });
    return { element: field(`${label_of(rule.name)}, as JSON`, input), value: () => (input.value.trim() ? parse(input.value) : undefined) };
  }
  const env = now && typeof now === "object" && now.$env;
  const input = h("input", { name, type: rule.type === "url" && !env ? "url" : rule.type === "number" ? "number" : "text", required: rule.required, value: env ? `env ${env}` : now ?? "", disabled: !!env, placeholder: hint });
  return { element: field(label_of(rule.name), input), value: () => (env ? now : input.value.trim() === "" ? undefined : rule.type === "number" ? Number(input.value) : input.value.trim()) };
}

/// How a system that speaks JSON wants to know who asks.
function auth_part(now = {}, secrets) {
  const present = now.header ? "header" : now.basic ? "basic" : secrets.some((one) => one.path === "auth.bearer") ? "bearer" : "";
  const kind = select("auth", [["", "nobody: it asks for nothing"], ["bearer", "a bearer token"], ["header", "a key in a header"], ["basic", "a user with a password"]], present);
  const header = h("input", { name: "auth-header", value: now.header ?? "X-Api-Key" }), user = h("input", { name: "auth-user", value: now.basic?.[0] ?? "" });
  const text = h("input", { type: "password", name: "auth-secret", autocomplete: "off", placeholder: present ? "set; empty keeps it" : "" });
  const more = h("div", { class: "form" });
  const draw = () => replace(more, kind.value === "header" && field("Header", header), kind.value === "basic" && field("User", user), kind.value && field(kind.value === "basic" ? "Password" : "Secret", text));
  kind.addEventListener("change", draw);
  draw();
  const path = () => ({ bearer: "auth.bearer", header: "auth.secret", basic: "auth.basic.1" })[kind.value];
  return {
    element: h("fieldset", {}, h("legend", {}, "Who asks"), field("It is shown", kind), more),
    options: () => ({ header: { header: header.value.trim() }, basic: { basic: [user.value.trim()] } })[kind.value],
    secrets: () => ({ ...Object.fromEntries(secrets.filter((one) => one.path.startsWith("auth.") && one.path !== path()).map((one) => [one.path, null])), ...(path() && text.value ? { [path()]: text.value } : {}) }),
  };
}

function webhook_part(now = {}, secrets) {
  const set = secrets.find((one) => one.path === "webhook.secret");
  const header = h("input", { name: "webhook-header", value: now.header ?? "", placeholder: "x-app-signature" });
  const text = h("input", { type: "password", name: "webhook-secret", autocomplete: "off", placeholder: set ? "set; empty keeps it" : "" });
  return {
    element: h("fieldset", {}, h("legend", {}, "Webhooks that it sends"), h("div", { class: "form" }, field("Header of the proof", header), field("Secret of the webhook", text))),
    options: () => (header.value.trim() || text.value || set ? { ...now, ...(header.value.trim() ? { header: header.value.trim() } : {}) } : undefined),
    secrets: () => (text.value ? { "webhook.secret": text.value } : {}),
  };
}

function limits_part(now = {}) {
  const rate = h("input", { name: "limit-rate", value: now.rate ?? "", placeholder: "20/s", pattern: "\\d+/[smh]" }), parallel = h("input", { name: "limit-parallel", type: "number", min: "1", value: now.parallel ?? "", placeholder: "8" });
  return {
    element: h("fieldset", {}, h("legend", {}, "What it can bear"), h("div", { class: "form" }, field("Calls", rate), field("At once", parallel))),
    options: () => { const limits = { ...now, rate: rate.value.trim() || undefined, parallel: parallel.value ? Number(parallel.value) : undefined }; return Object.values(limits).some((one) => one !== undefined) ? limits : undefined; },
  };
}

/// The inputs of one kind; settings of a connection that is there fill them.
function form_of(kind, settings) {
  const now = settings?.options ?? {}, secrets = settings?.secrets ?? [];
  const by_path = (name) => secrets.find((one) => one.path === name || one.path === `${name}.0`);
  const inputs = kind.options.filter((rule) => !apart.has(rule.name)).map((rule) => ({ rule, ...option_input(rule, now[rule.name], by_path(rule.name)) }));
  const parts = [];
  if (kind.options.some((rule) => rule.name === "auth")) parts.push(["auth", auth_part(now.auth, secrets)]);
  if (!kind.options.some((rule) => rule.name === "webhook_secret" || rule.name === "verification_token")) parts.push(["webhook", webhook_part(now.webhook, secrets)]);
  parts.push(["limits", limits_part(now.limits)]);
  const first = (one) => one.rule.required || one.rule.secret || ["host", "port", "database", "user", "login"].includes(one.rule.name);
  const rest = inputs.filter((one) => !first(one));
  const element = h("div", { class: "stack" }, h("div", { class: "form" }, inputs.filter(first).map((one) => one.element)), parts.filter(([name]) => name !== "limits").map(([, part]) => part.element),
    h("details", {}, h("summary", {}, "More options"), h("div", { class: "stack" }, h("div", { class: "form" }, rest.map((one) => one.element)), parts.find(([name]) => name === "limits")[1].element)));
  return {
    element,
    values() {
      const options = {}, given = {};
      for (const one of inputs) {
        if (one.secret) { const text = one.secret(); if (text !== undefined) given[by_path(one.rule.name)?.path ?? one.rule.name] = text; continue; }
        const value = one.value();
        if (value !== undefined) options[one.rule.name] = value;
      }
      for (const [name, part] of parts) {
        const value = part.options();
        if (value !== undefined) options[name] = parse(text_of(value));
        Object.assign(given, part.secrets?.() ?? {});
      }
      return { options, secrets: given };
    },
  };
}

/// What a test found: who we are there, what the key does not see, what it does.
export function show_test(place, tested) {
  if (!tested.ok) return replace(place, banner("bad", tested.error.message, tested.error.hint ?? "Look at the address and the key."));
  const answer = tested.answer ?? {}, unseen = [...(answer.warnings ?? []), ...(tested.unseen ? [`The list of what is there: ${tested.unseen}`] : [])];
  const as = [answer.user && `as ${answer.user}`, answer.version && `version ${answer.version}`, answer.zone && `zone ${answer.zone}`].filter(Boolean).join(", ");
  replace(place, banner("good", `It answers in ${tested.took_ms} ms${as ? `, ${as}` : ""}.`),
    unseen.length ? banner("warn", "What its key may not see or do", "", h("ul", {}, unseen.map((one) => h("li", {}, one)))) : h("p", { class: "dim small" }, "The test found nothing that its key may not see."),
    tested.collections && h("details", {}, h("summary", {}, `${counted(tested.collections.length, "collection")} may be read`), table("collections", [{ title: "Name", kind: "mono", cell: (row) => row.name }, { title: "What it is", cell: (row) => row.label ?? row.word ?? "" }], tested.collections, { label: "Collections" })));
}

function read(form, own) {
  if (!form.reportValidity()) return null;
  try { return own.values(); } catch (error) { toast(`An option is no JSON: ${error.message}`, "bad"); return null; }
}

/// tidewire.lua is people's: only new secrets can be given here.
function secrets_only(box, settings) {
  const inputs = settings.secrets.map((one) => [one, h("input", { type: "password", name: one.path, autocomplete: "off", placeholder: one.set ? "set; empty keeps it" : "not set" })]);
  const save = async () => {
    const secrets = Object.fromEntries(inputs.filter(([, input]) => input.value).map(([one, input]) => [one.path, input.value]));
    if (Object.keys(secrets).length === 0) return toast("No new secret was typed.");
    const saved = await put(`/api/v1/connections/${segment(settings.name)}`, { secrets });
    toast(saved.warnings[0] ?? "The new secrets hold from now on.", saved.warnings.length ? "bad" : "");
    location.hash = `#/connections/${segment(settings.name)}`;
  };
  replace(box, head(`Edit ${settings.name}`), banner("info", "This connection is declared in tidewire.lua.", "What a person wrote there, no program rewrites: edit it in the file, saving is enough. New secrets can be given here; they go to .env."),
    card("", h("form", { class: "stack", on: { submit: (event) => { event.preventDefault(); } } }, h("div", { class: "form" }, inputs.map(([one, input]) => field(label_of(one.path), [input, h("span", { class: "dim small" }, one.outside ? `${one.variable} of the daemon's environment` : `${one.variable} in .env`)]))), h("div", { class: "row" }, button("Save the secrets", save, "first")))));
}

export async function connect_page(box, tools, name) {
  const [{ kinds }, settings] = await Promise.all([get("/api/v1/connection-kinds"), name ? get(`/api/v1/connections/${segment(name)}/settings`) : undefined]);
  if (!tools.current()) return;
  if (settings && !settings.editable) return secrets_only(box, settings);
  let own;
  const place = h("div"), result = h("div", { class: "stack", role: "status" });
  const kind = select("kind", kinds.map((one) => one.kind), settings?.kind ?? "frappe");
  const called = h("input", { name: "name", required: true, pattern: "[A-Za-z][A-Za-z0-9_]*", maxlength: "60", value: settings?.name ?? "", disabled: !!settings, placeholder: "erp", "aria-describedby": "name-help" });
  // A browser's own words do not say what a name may be.
  called.addEventListener("input", () => called.setCustomValidity(called.validity.patternMismatch ? "A name begins with a letter and has letters, digits and _ alone." : ""));
  const draw = () => {
    own = form_of(kinds.find((one) => one.kind === kind.value), settings?.kind === kind.value ? settings : undefined);
    replace(place, own.element);
    replace(result);
  };
  kind.addEventListener("change", draw);
  draw();
  const test = async () => {
    // The name is no part of it: what is disabled is not asked whether it fits.
    called.disabled = true;
    const values = read(form, own);
    called.disabled = !!settings;
    if (!values) return;
    replace(result, h("progress", { "aria-label": "asking" }));
    try { show_test(result, await post("/api/v1/connection-drafts", { ...(settings ? { name } : {}), kind: kind.value, ...values })); } catch (error) { replace(result, banner("bad", error.message, error.hint)); }
  };
  const save = async () => {
    const values = read(form, own);
    if (!values) return;
    let saved;
    try {
      saved = settings ? await put(`/api/v1/connections/${segment(name)}`, { kind: kind.value, hash: settings.hash, ...values }) : await post("/api/v1/connections", { name: called.value.trim(), kind: kind.value, ...values });
    } catch (error) { return replace(result, banner("bad", error.message, error.hint)); }
    toast(saved.warnings?.[0] ?? `Saved as ${saved.file}; its secrets are in .env.`, saved.warnings?.length ? "bad" : "");
    location.hash = `#/connections/${segment(saved.name)}`;
  };
  const erase = settings && button("Delete…", async () => {
    if (!(await ask(`Delete ${name}?`, { text: `${settings.file} goes, and so do its secrets in .env that nothing else names. It is refused while a mapping uses the connection.`, yes: "Delete", danger: true }))) return;
    await remove(`/api/v1/connections/${segment(name)}`);
    toast(`${name} is deleted.`);
    location.hash = "#/connections";
  }, "danger");
  const form = h("form", { class: "stack", on: { submit: (event) => event.preventDefault() } }, h("div", { class: "form" }, field("Kind", kind), field("Name", [called, h("span", { class: "dim small", id: "name-help" }, "letters, digits and _; mappings call it so")])), place,
    h("div", { class: "row" }, button("Test", test), button("Save", save, "first"), erase));
  replace(box, head(settings ? `Edit ${name}` : "New connection"), card("", form, result));
}
