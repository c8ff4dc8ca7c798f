// @ts-check
// The stock of a site: a table, and bars that show the same.
import { between, element, own, phrase, place, t } from "../shared/page.js";
import { bars, legend } from "./stock-chart.js";

const KINDS = ["collected", "promised", "free", "unallotted"];

/**
 * Show the stock of the site.
 * @param {Api.AtSite} site
 */
export function show(site) {
  const handed = handedOver(site.slots);
  const low = site.stock.filter((line) => line.low);
  place("stock").replaceChildren(
    ...(low.length ? [element("p", { className: "low" }, ...phrase("supplies.low", { items: between("、", low.map((line) => own(titled(line)))) }))] : []),
    ...(site.stock.length ? [table(site.stock, handed), legend(KINDS), chart(site.stock, handed)] : [element("p", {}, t("supplies.no_stock"))]),
  );
}

/** @param {Api.ItemNumbers[]} stock @param {Api.Units} handed */
function table(stock, handed) {
  const head = ["item", "on_hand", "unallotted", "free", "promised", "collected"].map((key) => element("th", { scope: "col" }, t(`supplies.head.${key}`)));
  const rows = stock.map((line) => {
    const numbers = [line.onHand, line.unallotted, line.free, line.promised, handed[line.item] ?? 0];
    const name = element("th", { scope: "row" }, own(titled(line)), "（", own(line.unit.ja), "）");
    if (line.low) name.append(element("strong", { className: "low" }, t("supplies.low_mark", { at: line.lowAt })));
    return element("tr", {}, name, ...numbers.map((number) => element("td", {}, String(number))));
  });
  return element("div", { className: "wide", tabIndex: 0, role: "group", ariaLabel: t("supplies.stock") }, element("table", {}, element("thead", {}, element("tr", {}, ...head)), element("tbody", {}, ...rows)));
}

/** @param {Api.ItemNumbers[]} stock @param {Api.Units} handed */
function chart(stock, handed) {
  const rows = stock.map((line) => ({
    name: titled(line),
    parts: [
      { kind: "collected", value: handed[line.item] ?? 0 },
      { kind: "promised", value: line.promised },
      { kind: "free", value: line.free },
      { kind: "unallotted", value: line.unallotted },
    ],
  }));
  return bars(rows, t("supplies.chart"));
}

/** @param {Api.Slot[]} slots */
function handedOver(slots) {
  /** @type {Api.Units} */
  const units = {};
  for (const slot of slots) for (const line of slot.items) units[line.item] = (units[line.item] ?? 0) + line.collected;
  return units;
}

/** @param {Api.ItemNumbers} line */
function titled(line) {
  return line.title.ja;
}
