// The way in: who is there, which page, what is new.
import { get, may, post, session, take_session, when_logged_out } from "./api.js";
import { with_file } from "./balance.js";
import { h, replace } from "./dom.js";
import { listen, stop_listening } from "./events.js";
import { count } from "./format.js";
import { login_page, setup_page } from "./login.js";
import { pages } from "./pages.js";
import "./theme.js";
import { leaves_edit, unsaved } from "./unsaved.js";
import { act, ask, banner, head, toast, trouble } from "./view.js";

const main = document.getElementById("main");
const nav = document.getElementById("nav");
const who = document.getElementById("who");
const menu = document.querySelector(".menu-button");
let turn = 0;
let leave = [];
let ended = false;  // a login that nobody logged out of

/// What is no encoded text is taken as it stands: the page then says that there is no such thing.
function decoded(part) {
  try { return decodeURIComponent(part); } catch { return part; }
}

/// "#/operations?mapping=x" -> { path: ["operations"], query }
function place() {
  const [path, query] = (location.hash.slice(1) || "/").split("?");
  return { path: path.split("/").filter(Boolean).map(decoded), query: new URLSearchParams(query ?? "") };
}

/// Filters live in the address, so that a view can be sent to a colleague.
function set_query(values) {
  const query = new URLSearchParams(Object.entries(values).filter(([, value]) => value));
  const path = location.hash.slice(1).split("?")[0] || "/";
  history.replaceState(null, "", `#${path}${query.size ? "?" + query : ""}`);
  if (main.firstElementChild) main.firstElementChild.dataset.place = location.hash;
}

function draw_nav(current) {
  const links = pages.filter((page) => page.title && may(page.role ?? "viewer"));
  replace(nav, links.map((page) => h("a", { href: `#/${page.name}`, "aria-current": page.name === current ? "page" : undefined }, page.title, h("span", { class: "count", data: { count: page.name }, hidden: true }))));
  nav.hidden = menu.hidden = false;
  void draw_counts();
}

const most_told = 99;  // a long number takes the room of a page

async function draw_counts() {
  if (!may("viewer")) return;
  try {
    const { mappings } = await get("/api/v1/status");
    const sum = (name) => with_file(mappings).reduce((total, one) => total + (one[name] ?? 0), 0);
    for (const [page, number] of [["conflicts", sum("open_conflicts")], ["dead-letters", sum("dead") + sum("held")]]) {
      const badge = nav.querySelector(`[data-count="${page}"]`);
      if (!badge) continue;
      badge.hidden = number === 0;
      badge.textContent = number > most_told ? `${most_told}+` : number;
      badge.title = count(number);
    }
  } catch { /* the page itself says what is wrong */ }
}

function draw_who() {
  const theme = h("button", { type: "button", class: "quiet", "aria-label": "Light or dark", title: "Light or dark", on: { click: () => set_theme(document.documentElement.dataset.theme === "dark" ? "light" : "dark") } }, "◐");
  const words = session.user && [session.user, h("span", { class: "role" }, ` · ${session.role}`)];
  const name = session.csrf ? h("button", { type: "button", class: "quiet small", title: "Change your password", on: { click: act(change_password) } }, words) : session.user && h("span", { class: "dim small" }, words);
  const out = session.csrf && h("button", { type: "button", class: "quiet", on: { click: act(log_out) } }, "Log out");
  replace(who, name, theme, out);
}

function set_theme(theme) {
  document.documentElement.dataset.theme = theme;
  localStorage.setItem("theme", theme);
}

async function change_password() {
  const typed = { type: "password", required: true };
  const answer = await ask("Change your password", { text: "Your other logins end.", inputs: [{ label: "The present one", name: "password", autocomplete: "current-password", ...typed }, { label: "The new one, at least 10 characters", name: "new_password", autocomplete: "new-password", minlength: "10", ...typed }], yes: "Change it" });
  if (!answer) return;
  take_session(await post("/api/v1/password", answer));
  toast("Your password is changed.");
}

async function log_out() {
  await post("/api/v1/logout");
  take_session({ role: "nobody", any_user: true });  // what is refused from here on is no login that has ended
  location.hash = "#/";
  await begin();
}

function no_page(box) {
  replace(box, head("No such page"), banner("warn", `There is no page ${location.hash}.`, "The address was mistyped, or is of another version.", h("a", { class: "button", href: "#/" }, "Overview")));
}

async function show() {
  const mine = ++turn;
  for (const action of leave.splice(0)) action();
  main.ariaBusy = null;
  const { path, query } = place();
  menu.setAttribute("aria-expanded", "false");
  if (path[0] === "setup" && !session.any_user) return setup_page(main, path[1] ?? "", begin);
  if (session.role === "nobody") return login_page(main, begin, ended);
  const name = path[0] === "setup" ? "" : path[0] ?? "";  // a link of the set-up that is over
  const page = pages.find((one) => one.name === name) ?? { name, draw: no_page };
  draw_nav(page.name);
  const box = h("div", { class: "stack", data: { place: location.hash } });
  replace(main, box);
  const tools = { query, set_query, path: path.slice(1), leave: (action) => (mine === turn ? leave.push(action) : action()), current: () => mine === turn, show };
  if (!may(page.role ?? "viewer")) return replace(box, banner("warn", `This page is for the role ${page.role}.`, `You have the role ${session.role}. An administrator changes it under Users.`));
  main.ariaBusy = "true";
  try {
    await page.draw(box, tools);
  } catch (error) {
    if (mine === turn) replace(box, head(page.title ?? page.one), trouble(error), page.list !== undefined && h("a", { href: `#/${page.list}` }, "What there is"));
  } finally {
    if (mine === turn) main.ariaBusy = null;
  }
}

async function begin() {
  try {
    take_session(await get("/api/v1/session"));
  } catch (error) {
    return replace(main, trouble(error));
  }
  draw_who();
  if (session.role === "nobody") {
    nav.hidden = menu.hidden = true;
    stop_listening();
  } else {
    ended = false;
    listen();
  }
  await show();
}

menu.addEventListener("click", () => menu.setAttribute("aria-expanded", String(menu.getAttribute("aria-expanded") !== "true")));
document.querySelector("header.top").addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || menu.getAttribute("aria-expanded") !== "true") return;
  menu.setAttribute("aria-expanded", "false");
  menu.focus();
});
when_logged_out(() => { ended = true; take_session({ role: "nobody", any_user: true }); void begin(); });
window.addEventListener("hashchange", async (event) => {
  const wanted = location.hash;
  if (unsaved()) {
    history.replaceState(null, "", event.oldURL);
    if (await leaves_edit()) location.hash = wanted;
    return;
  }
  window.scrollTo(0, 0);
  void show().then(() => main.focus({ preventScroll: true }));  // scrolled to, its head would lie behind the bar
});
document.addEventListener("keydown", (event) => {
  const typing = event.target.closest("input, textarea, select, dialog");
  if (event.key === "/" && !typing) {
    const search = main.querySelector("input[type=search], input[name=text]");
    if (search) { event.preventDefault(); search.focus(); }
  }
});
setInterval(() => { if (!document.hidden) void draw_counts(); }, 15000);
void begin();
