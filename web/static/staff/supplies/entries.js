// What officers enter: stock that came, was counted or packed; slots; sites.
import { call, Refused } from "../shared/api.js";
import { sending } from "../shared/forms.js";
import { element, phrase, say, t } from "../shared/page.js";
import { canChange } from "./slots.js";
import { instant } from "../shared/times.js";

const place = (id) => document.getElementById(id);

/** Prepare the forms of entries. */
export function listen(office) {
  place("enter-lines").replaceChildren(...office.items.map((item) => line("/lines", item)));
  place("open-lines").replaceChildren(...office.items.map((item) => line("/allotted", item)));
  sending(place("enter"), (id) => enter(office, id));
  sending(place("open-slot"), () => openSlot(office));
  sending(place("put-site"), () => putSite(office));
  document.addEventListener("site-shown", () => fillSite(office.site.site));
  place("new-site").addEventListener("change", () => fillSite(place("new-site").checked ? null : office.site?.site));
}

async function enter(office, id) {
  const form = place("enter");
  const reason = form.elements["/reason"].value.trim();
  const body = { id, kind: form.elements["/kind"].value, lines: linesOf(form, "/lines/"), ...(reason && { reason }) };
  await call("POST", `/api/pickup/sites/${office.site.site.id}/moves`, body);
  form.reset();
  await office.refresh();
  say(t("supplies.entered"), "done");
}

async function openSlot(office) {
  const form = place("open-slot");
  const typed = (name) => form.elements[name].value;
  mustBeFilled(form, "day", "/starts", "/ends");
  await call("POST", `/api/pickup/sites/${office.site.site.id}/slots`, {
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

async function putSite(office) {
  const form = place("put-site");
  const typed = (name) => form.elements[name].value.trim();
  const known = place("new-site").checked || !office.site ? {} : office.site.site;
  const texts = (name) => Object.fromEntries(["ja", "ja-easy", "en"].map((language) => [language, typed(`/${name}/${language}`)]).filter(([, text]) => text));
  const id = typed("/id");
  const [isOpen, moved] = ["/isOpen", "/moved"].map((name) => form.elements[name].checked);
  mustBeFilled(form, "/id");
  if (!agreed(known, office.site?.slots ?? [], isOpen, moved)) return;
  await call("PUT", `/api/pickup/sites/${encodeURIComponent(id)}`, {
    name: texts("name"),
    kind: typed("/kind"),
    address: typed("/address"),
    hours: { ...known.hours, ja: typed("/hours/ja") },
    access: { ...known.access, ja: typed("/access/ja") },
    phone: typed("/phone"),
    lat: degrees(typed("/lat")),
    lon: degrees(typed("/lon")),
    isOpen,
    moved,
  });
  place("new-site").checked = false;
  await office.refresh(id);
  say(t("supplies.site_put"), "done");
}

/** Ask before the households with a place at a site are sent elsewhere, or asked whether they can come. */
function agreed(known, slots, isOpen, moved) {
  const closes = known.isOpen && !isOpen;
  if (!closes && !moved) return true;
  const n = slots.filter(canChange).reduce((sum, slot) => sum + slot.held + slot.confirmed, 0);
  return confirm(t(closes ? "supplies.site_close_sure" : "supplies.site_moved_sure", { n }));
}

function mustBeFilled(form, ...names) {
  const empty = names.filter((name) => !form.elements[name].value.trim());
  const errors = empty.map((pointer) => ({ pointer, message: t("supplies.required") }));
  if (errors.length) throw new Refused(422, { detail: t("supplies.unfilled"), errors });
}

function fillSite(site) {
  const form = place("put-site");
  const values = { "/id": site?.id, "/kind": site?.kind ?? "shelter", "/address": site?.address, "/phone": site?.phone, "/lat": site?.lat, "/lon": site?.lon, "/hours/ja": site?.hours.ja, "/access/ja": site?.access.ja };
  for (const language of ["ja", "ja-easy", "en"]) values[`/name/${language}`] = site?.name[language];
  for (const [name, value] of Object.entries(values)) form.elements[name].value = value ?? "";
  form.elements["/id"].readOnly = Boolean(site);
  form.elements["/isOpen"].checked = site?.isOpen ?? true;
  form.elements["/moved"].checked = false;
  place("site-moved").hidden = !site;
}

function linesOf(form, prefix) {
  const typed = [...new FormData(form)].filter(([name, value]) => name.startsWith(prefix) && value !== "");
  return Object.fromEntries(typed.map(([name, value]) => [name.slice(prefix.length), Number(value)]));
}

function line(prefix, item) {
  const name = `${prefix}/${item.id}`;
  const input = element("input", { type: "number", id: `${prefix.slice(1)}-${item.id}`, name, inputMode: "numeric" });
  return element("li", {}, element("label", { htmlFor: input.id }, ...phrase("supplies.line", { title: item.title.ja, unit: item.unit.ja })), input);
}

/** Read degrees; what is no number is sent as it was typed, for the server to refuse. */
function degrees(text) {
  if (!text) return null;
  return Number.isFinite(Number(text)) ? Number(text) : text;
}
