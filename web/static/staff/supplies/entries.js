// @ts-check
// What officers enter: stock that came, was counted or packed; slots; sites.
import { call, Refused } from "../shared/api.js";
import { sending, textOf } from "../shared/forms.js";
import { element, phrase, place, say, t } from "../shared/page.js";
import { canChange } from "./slots.js";
import { instant } from "../shared/times.js";


/**
 * Prepare the forms of entries.
 * @param {Staff.Office} office
 */
export function listen(office) {
  place("enter-lines").replaceChildren(...office.items.map((item) => line("/lines", item)));
  place("open-lines").replaceChildren(...office.items.map((item) => line("/allotted", item)));
  sending(place("enter", HTMLFormElement), (id) => enter(office, id));
  sending(place("open-slot", HTMLFormElement), () => openSlot(office));
  sending(place("put-site", HTMLFormElement), () => putSite(office));
  document.addEventListener("site-shown", () => fillSite(office.site?.site));
  place("new-site").addEventListener("change", () => fillSite(isNew() ? undefined : office.site?.site));
}

/** @param {Staff.Office} office @param {string} id */
async function enter(office, id) {
  const form = place("enter", HTMLFormElement);
  const reason = textOf(form, "/reason").trim();
  const body = { id, kind: textOf(form, "/kind"), lines: linesOf(form, "/lines/"), ...(reason && { reason }) };
  await call("POST", office.address("moves"), body);
  form.reset();
  await office.refresh();
  say(t("supplies.entered"), "done");
}

/** @param {Staff.Office} office */
async function openSlot(office) {
  const form = place("open-slot", HTMLFormElement);
  const typed = (/** @type {string} */ name) => textOf(form, name);
  mustBeFilled(form, "day", "/starts", "/ends");
  await call("POST", office.address("slots"), {
    starts: instant(typed("day"), typed("/starts")),
    ends: instant(typed("day"), typed("/ends")),
    method: typed("/method"),
    fill: typed("/fill"),
    places: Number(typed("/places")),
    allotted: linesOf(form, "/allotted/"),
  });
  form.reset();
  await office.refresh();
  say(t("supplies.slot_opened"), "done");
}

/** @param {Staff.Office} office */
async function putSite(office) {
  const form = place("put-site", HTMLFormElement);
  const typed = (/** @type {string} */ name) => textOf(form, name).trim();
  const known = isNew() ? undefined : office.site?.site;
  const texts = (/** @type {string} */ name) => Object.fromEntries(["ja", "ja-easy", "en"].map((language) => [language, typed(`/${name}/${language}`)]).filter(([, text]) => text));
  const id = typed("/id");
  const [isOpen, moved] = ["/isOpen", "/moved"].map((name) => new FormData(form).has(name));
  mustBeFilled(form, "/id");
  if (!agreed(known, office.site?.slots ?? [], isOpen, moved)) return;
  await call("PUT", `/api/pickup/sites/${encodeURIComponent(id)}`, {
    name: texts("name"),
    kind: typed("/kind"),
    address: typed("/address"),
    hours: { ...known?.hours, ja: typed("/hours/ja") },
    access: { ...known?.access, ja: typed("/access/ja") },
    phone: typed("/phone"),
    lat: degrees(typed("/lat")),
    lon: degrees(typed("/lon")),
    isOpen,
    moved,
  });
  place("new-site", HTMLInputElement).checked = false;
  await office.refresh(id);
  say(t("supplies.site_put"), "done");
}

/**
 * Ask before the households with a place at a site are sent elsewhere, or asked whether they can come.
 * @param {Api.Site | undefined} known @param {Api.Slot[]} slots @param {boolean} isOpen @param {boolean} moved
 */
function agreed(known, slots, isOpen, moved) {
  const closes = known?.isOpen && !isOpen;
  if (!closes && !moved) return true;
  const n = slots.filter(canChange).reduce((sum, slot) => sum + slot.held + slot.confirmed, 0);
  return confirm(t(closes ? "supplies.site_close_sure" : "supplies.site_moved_sure", { n }));
}

function isNew() {
  return place("new-site", HTMLInputElement).checked;
}

/** @param {HTMLFormElement} form @param {...string} names */
function mustBeFilled(form, ...names) {
  const empty = names.filter((name) => !textOf(form, name).trim());
  const errors = empty.map((pointer) => ({ pointer, code: "required", message: t("supplies.required") }));
  if (errors.length) throw new Refused(422, { detail: t("supplies.unfilled"), errors });
}

/** @param {Api.Site} [site] */
function fillSite(site) {
  const form = place("put-site", HTMLFormElement);
  const control = (/** @type {string} */ name) => /** @type {HTMLInputElement} */ (form.elements.namedItem(name));
  /** @type {Record<string, string | number | null | undefined>} */
  const values = { "/id": site?.id, "/kind": site?.kind ?? "shelter", "/address": site?.address, "/phone": site?.phone, "/lat": site?.lat, "/lon": site?.lon, "/hours/ja": site?.hours.ja, "/access/ja": site?.access.ja };
  for (const language of ["ja", "ja-easy", "en"]) values[`/name/${language}`] = site?.name[language];
  for (const [name, value] of Object.entries(values)) control(name).value = String(value ?? "");
  control("/id").readOnly = Boolean(site);
  control("/isOpen").checked = site?.isOpen ?? true;
  control("/moved").checked = false;
  place("site-moved").hidden = !site;
}

/** @param {HTMLFormElement} form @param {string} prefix */
function linesOf(form, prefix) {
  const typed = [...new FormData(form)].filter(([name, value]) => name.startsWith(prefix) && value !== "");
  return Object.fromEntries(typed.map(([name, value]) => [name.slice(prefix.length), Number(value)]));
}

/** @param {string} prefix @param {Api.Item} item */
function line(prefix, item) {
  const name = `${prefix}/${item.id}`;
  const input = element("input", { type: "number", id: `${prefix.slice(1)}-${item.id}`, name, inputMode: "numeric" });
  return element("li", {}, element("label", { htmlFor: input.id }, ...phrase("supplies.line", { title: item.title.ja, unit: item.unit.ja })), input);
}

/**
 * Read degrees; what is no number is sent as it was typed, for the server to refuse.
 * @param {string} text
 */
function degrees(text) {
  if (!text) return null;
  return Number.isFinite(Number(text)) ? Number(text) : text;
}
