// What officers enter: stock that came, was counted or packed; slots; sites.
import { call } from "/static/staff/api.js";
import { sending } from "/static/staff/forms.js";
import { element, say, t } from "/static/staff/page.js";
import { instant } from "/static/staff/times.js";

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
  const known = place("new-site").checked ? {} : office.site.site;
  const texts = (name) => Object.fromEntries(["ja", "ja-easy", "en"].map((language) => [language, typed(`/${name}/${language}`)]).filter(([, text]) => text));
  const id = typed("/id");
  await call("PUT", `/api/pickup/sites/${encodeURIComponent(id)}`, {
    name: texts("name"),
    kind: typed("/kind"),
    address: typed("/address"),
    hours: { ...known.hours, ja: typed("/hours/ja") },
    access: { ...known.access, ja: typed("/access/ja") },
    phone: typed("/phone"),
    lat: degrees(typed("/lat")),
    lon: degrees(typed("/lon")),
    isOpen: form.elements["/isOpen"].checked,
    moved: form.elements["/moved"].checked,
  });
  place("new-site").checked = false;
  await office.refresh(id);
  say(t("supplies.site_put"), "done");
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
  return element("li", {}, element("label", { htmlFor: input.id }, t("supplies.line", { title: item.title.ja, unit: item.unit.ja })), input);
}

function degrees(text) {
  return text ? Number(text) : null;
}
