// @ts-check
// The first page of staff: which pages are theirs.
import { open } from "./shared/page.js";

open((who) => {
  for (const entry of /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll("[data-roles]"))) {
    const roles = entry.dataset.roles?.split(" ") ?? [];
    entry.hidden = who !== null && !roles.some((role) => who.roles.some((own) => own.startsWith(role)));
  }
});
