// @ts-check
// What supplies officers keep: sites, their stock and slots in numbers and bars, entries, tables, and the fair split.
import { call } from "../shared/api.js";
import { show as showMoves } from "./moves.js";
import { element, nameItems, open, place, plain, sayProblem, t } from "../shared/page.js";
import { listen as listenToEntries } from "./entries.js";
import { show as showSlots } from "./slots.js";
import { show as showStock } from "./stock.js";
import { listen as listenToTables } from "./tables.js";

/** @type {Staff.Office} */
const office = { site: null, items: [], supervises: false, address, refresh };

open(async (who) => {
  if (!who) return sayProblem(new Error());
  office.supervises = who.roles.includes("Supervisor");
  for (const part of /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll("[data-supervisor]"))) part.hidden = !office.supervises;
  office.items = (await call("GET", "/api/pickup/items")).items;
  nameItems(office.items);
  place("site").addEventListener("change", () => refresh().catch(sayProblem));
  listenToEntries(office);
  listenToTables(office);
  await sites();
  await refresh();
});

async function sites() {
  const chosen = place("site", HTMLSelectElement).value || localStorage.getItem("supplies.site");
  /** @type {Api.Sites} */
  const { sites: known } = await call("GET", "/api/pickup/sites");
  const options = known.map((site) => element("option", { value: site.id, selected: site.id === chosen }, nameOf(site)));
  place("site").replaceChildren(...options);
}

/** @param {string} [wanted] */
async function refresh(wanted) {
  if (wanted) {
    localStorage.setItem("supplies.site", wanted);
    place("site", HTMLSelectElement).value = "";
    await sites();
  }
  const chosen = place("site", HTMLSelectElement).value;
  place("at-site").hidden = !chosen;
  if (!chosen) return;
  localStorage.setItem("supplies.site", chosen);
  const site = `/api/pickup/sites/${chosen}`;
  /** @type {[Api.AtSite, { moves: Api.Move[] }]} */
  const [found, { moves }] = await Promise.all([call("GET", site), call("GET", `${site}/moves`)]);
  if (place("site", HTMLSelectElement).value !== chosen) return;
  office.site = found;
  showStock(found);
  showSlots(found, office);
  showMoves(moves);
  place("at-site").dataset.shown = chosen;
  document.dispatchEvent(new Event("site-shown"));
}

/** @param {string} path */
function address(path) {
  return `/api/pickup/sites/${office.site?.site.id}/${path}`;
}

/** @param {Api.Site} site */
function nameOf(site) {
  return site.isOpen ? plain(site.name.ja) : t("supplies.closed_site", { name: plain(site.name.ja) });
}
