// The first page of staff: which pages are theirs.
import { open } from "./shared/page.js";

open((who) => {
  for (const entry of document.querySelectorAll("[data-roles]")) {
    entry.hidden = who !== null && !entry.dataset.roles.split(" ").some((role) => who.roles.some((own) => own.startsWith(role)));
  }
});
