// What supplies officers keep: sites, their stock and slots in numbers and bars, entries, tables, and the fair split.
import { call } from "../shared/api.js";
import { show as showMoves } from "./moves.js";
import { element, nameItems, open, plain, sayProblem, t } from "../shared/page.js";
import { listen as listenToEntries } from "./entries.js";
import { show as showSlots } from "./slots.js";
import { show as showStock } from "./stock.js";
import { listen as listenToTables } from "./tables.js";

const place = (id) => document.getElementById(id);
const office = { site: null, items: [], supervises: false, refresh };

open(async (who) => {
  if (!who) return sayProblem(new Error());
  office.supervises = who.roles.includes("Supervisor");
  for (const part of document.querySelectorAll("[data-supervisor]")) part.hidden = !office.supervises;
  office.items = (await call("GET", "/api/pickup/items")).items;
  nameItems(office.items);
  place("site").addEventListener("change", () => refresh().catch(sayProblem));
  listenToEntries(office);
  listenToTables(office);
  await sites();
  await refresh();
});

async function sites() {
  const chosen = place("site").value || localStorage.getItem("supplies.site");
  const { sites: known } = await call("GET", "/api/pickup/sites");
  const options = known.map((site) => element("option", { value: site.id, selected: site.id === chosen }, nameOf(site)));
  place("site").replaceChildren(...options);
}

async function refresh(site) {
  if (site) {
    localStorage.setItem("supplies.site", site);
    place("site").value = "";
    await sites();
  }
  const chosen = place("site").value;
  place("at-site").hidden = !chosen;
  if (!chosen) return;
  localStorage.setItem("supplies.site", chosen);
  const address = `/api/pickup/sites/${chosen}`;
  const [found, { moves }] = await Promise.all([call("GET", address), call("GET", `${address}/moves`)]);
  if (place("site").value !== chosen) return;
  office.site = found;
  showStock(office);
  showSlots(office);
  showMoves(moves);
  place("at-site").dataset.shown = chosen;
  document.dispatchEvent(new Event("site-shown"));
}

function nameOf(site) {
  return site.isOpen ? plain(site.name.ja) : t("supplies.closed_site", { name: plain(site.name.ja) });
}
