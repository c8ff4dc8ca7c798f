// @ts-check
// The slots of a site by day: households and units by state, and what an officer may change.
import { call } from "../shared/api.js";
import { sending, textOf } from "../shared/forms.js";
import { element, phrase, place, say, sayProblem, t, titleOf } from "../shared/page.js";
import { show as showSplit } from "./split.js";
import { bars } from "./stock-chart.js";
import { day, hour } from "../shared/times.js";

const OVER = ["over", "closed"];

/**
 * Show the slots of the site.
 * @param {Api.AtSite} site @param {Staff.Office} office
 */
export function show(site, office) {
  const byDay = Map.groupBy(site.slots.toSorted((one, other) => one.starts.localeCompare(other.starts)), (slot) => day(slot.starts));
  const days = [...byDay].map(([name, slots]) => element("section", {}, element("h3", {}, name), ...slots.map((slot) => shown(slot, office))));
  place("slots").replaceChildren(...(days.length ? days : [element("p", {}, t("supplies.no_slots"))]));
}

/** @param {Api.Slot} slot @param {Staff.Office} office */
function shown(slot, office) {
  const hours = t("supplies.hours", { from: hour(slot.starts), to: hour(slot.ends) });
  const title = element("summary", {}, t("supplies.slot", { hours, method: t(`supplies.method.${slot.method}`), state: t(`supplies.state.${slot.state}`), free: slot.freePlaces, places: slot.places }));
  const parts = [
    { kind: "collected", value: slot.collected },
    { kind: "promised", value: slot.held + slot.confirmed },
    { kind: "free", value: slot.freePlaces },
  ];
  const chart = bars([{ name: t("supplies.households"), parts }], t("supplies.households_of", { hours }));
  const households = element("p", {}, t("supplies.of_households", slot));
  return element("details", { className: "slot" }, title, chart, households, units(slot), ...actions(slot, office));
}

/** @param {Api.Slot} slot */
function units(slot) {
  const rows = slot.items.map((line) => element("li", {}, ...phrase("supplies.of_units", { ...line, title: titleOf(line.item), promised: line.held + line.confirmed })));
  return element("ul", {}, ...rows);
}

/** @param {Api.Slot} slot @param {Staff.Office} office */
function actions(slot, office) {
  /** @type {HTMLElement[]} */
  const found = canChange(slot) ? [allotment(slot, office)] : [];
  if (slot.isDecided || (canChange(slot) && slot.fill === "split")) found.push(split(slot, office));
  if (canChange(slot) && office.supervises) found.push(button("supplies.close", () => close(slot, office), "danger"));
  return found;
}

/** @param {Api.Slot} slot @param {Staff.Office} office */
function split(slot, office) {
  const key = slot.isDecided ? "supplies.split_look" : "supplies.split";
  const made = button(key, () => showSplit(slot, office, /** @type {HTMLElement} */ (made.closest(".slot"))));
  return made;
}

/** @param {Api.Slot} slot @param {Staff.Office} office */
function allotment(slot, office) {
  const rows = slot.items.map((line) => number(`/lines/${line.item}`, titleOf(line.item), slot.id));
  const form = element("form", {}, element("p", { className: "help" }, t("supplies.allot_help")), number("/places", t("supplies.places"), slot.id), ...rows, element("button", {}, t("supplies.allot_now")));
  sending(form, async (id) => {
    const typed = [...new FormData(form)].filter(([, value]) => Number(value));
    const lines = Object.fromEntries(typed.filter(([name]) => name.startsWith("/lines/")).map(([name, value]) => [name.slice(7), Number(value)]));
    const places = Number(textOf(form, "/places"));
    await call("POST", office.address(`slots/${slot.id}/allot`), { id, lines, places });
    await office.refresh();
    say(t("supplies.allotted"), "done");
  });
  return element("details", {}, element("summary", {}, t("supplies.allot")), form);
}

/** @param {Api.Slot} slot @param {Staff.Office} office */
async function close(slot, office) {
  if (!confirm(t("supplies.close_sure", { n: slot.held + slot.confirmed }))) return;
  await call("POST", office.address(`slots/${slot.id}/close`));
  await office.refresh();
  say(t("supplies.slot_closed"), "done");
}

/** @param {string} key @param {() => unknown} action */
function button(key, action, className = "") {
  const made = element("button", { type: "button", className }, t(key));
  made.addEventListener("click", () => Promise.resolve(action()).catch(sayProblem));
  return made;
}

/** @param {string} name @param {string} label @param {string} slot */
function number(name, label, slot) {
  const id = `${slot}${name}`;
  return element("div", { className: "field" }, element("label", { htmlFor: id }, label), element("input", { type: "number", id, name, value: "0", inputMode: "numeric" }));
}

/**
 * Tell whether a slot still takes or has households, so that an officer may change it.
 * @param {Api.Slot} slot
 */
export function canChange(slot) {
  return !OVER.includes(slot.state);
}
