// An edit that is nowhere but on the page: nobody leaves it by accident.
import { ask } from "./view.js";

let edited = () => false;

/// `differs` says whether what is typed is not what is saved; it is asked for as long as the page shows the edit.
export function keep_edit(differs) { edited = differs; }

export const unsaved = () => edited();

/// True where nothing would be lost, or a person gives it up.
export async function leaves_edit() {
  if (!edited()) return true;
  if (!(await ask("Leave the edit?", { text: "The script was changed here and not applied; the change would be gone.", yes: "Leave it", danger: true }))) return false;
  edited = () => false;
  return true;
}

window.addEventListener("beforeunload", (event) => { if (edited()) event.preventDefault(); });
