// The login, and the first set-up.
import { post, take_session } from "./api.js";
import { field, h, replace } from "./dom.js";
import { act, banner } from "./view.js";

function password(label, name, completion) {
  return field(label, h("input", { name, type: "password", required: true, autocomplete: completion, minlength: completion === "new-password" ? "10" : undefined }));
}

/// `ended`: a login was there, and is no more.
export function login_page(main, begin, ended) {
  document.title = "Log in · Tidewire";
  const message = h("div", { role: "status" }, ended && banner("info", "Your login has ended.", "Log in again: the page that you were on comes back."));
  const enter = async (event) => {
    const form = new FormData(event.target);
    try {
      take_session(await post("/api/v1/login", { name: form.get("name"), password: form.get("password") }));
      await begin();
    } catch (error) {
      replace(message, banner("bad", error.message, error.hint));
      main.querySelector("input[type=password]").select();
    }
  };
  replace(main, h("form", { class: "card login", on: { submit: act(enter) } }, h("h1", {}, "Log in"), message,
    field("Name", h("input", { name: "name", required: true, autocomplete: "username", autofocus: true })), password("Password", "password", "current-password"),
    h("button", { class: "first", type: "submit" }, "Log in"),
    h("p", { class: "dim small" }, "Forgotten? On the machine itself: ", h("code", {}, "tidewire user add NAME"), " sets a new password.")));
  main.querySelector("input").focus();
}

export function setup_page(main, code, begin) {
  document.title = "First set-up · Tidewire";
  const message = h("div");
  const make = async (event) => {
    const form = new FormData(event.target);
    if (form.get("password") !== form.get("again")) return replace(message, banner("bad", "The two passwords differ."));
    try {
      take_session(await post("/api/v1/setup", { code, name: form.get("name"), password: form.get("password") }));
      history.replaceState(null, "", "#/");
      await begin();
    } catch (error) {
      replace(message, banner("bad", error.message, error.hint));
    }
  };
  replace(main, h("form", { class: "card login", on: { submit: act(make) } }, h("h1", {}, "First set-up"),
    h("p", { class: "dim" }, "You make the first user, an administrator. The link that brought you here works this once."), message,
    field("Name", h("input", { name: "name", required: true, autocomplete: "username", autofocus: true })), password("Password, at least 10 characters", "password", "new-password"),
    password("The same again", "again", "new-password"), h("button", { class: "first", type: "submit" }, "Make the user")));
  main.querySelector("input").focus();
}
