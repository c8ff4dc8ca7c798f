// @ts-check
// The card of a household: who, how many, what is due or was handed over, and what to do.
import { between, element, own, phrase, place, plain, t } from "../shared/page.js";
import { time } from "../shared/times.js";

const HANDS_OVER = ["held", "confirmed", "changing"];

/**
 * Show a card: as the server answers it, or from the roster (`offline`).
 * @param {Staff.Card} card @param {string} site where this counter is
 */
export function show(card, site) {
  const handsOver = HANDS_OVER.includes(card.state) && !card.handedOver;
  place("card-title").replaceChildren(...(card.head ? phrase("counter.of", { name: card.head }) : [spelt(card.reference)]));
  place("card-state").textContent = t(isEarly(card) ? "counter.early" : `counter.state.${card.state}`);
  place("card-state").className = handsOver && !isEarly(card) ? "state ready" : "state";
  place("card-next").replaceChildren(...next(card, site));
  place("card-facts").replaceChildren(...facts(card));
  place("hand-over", HTMLFormElement).reset();
  place("card-due").replaceChildren(...(handsOver ? card.due.map(stepper) : []));
  place("hand-over").hidden = !handsOver;
  place("override").hidden = card.state !== "already";
  place("card").hidden = false;
  place("find").hidden = true;
  place("card").focus({ preventScroll: true });
  place("card").scrollIntoView();
}

/** Show the search again. */
export function hide() {
  place("card").hidden = true;
  place("find").hidden = false;
}

/**
 * Return the units that are handed over where they are fewer than those due, else null.
 * @param {Staff.Card} card
 */
export function fewer(card) {
  const inputs = [...place("card-due").querySelectorAll("input")];
  const lines = Object.fromEntries(inputs.map((input) => [input.name, Number(input.value)]));
  return card.due.some((line) => lines[line.item] < line.units) ? lines : null;
}

/**
 * Write a reference as receipts do.
 * @param {string} reference
 */
export function spelt(reference) {
  return reference.replaceAll("-", "").replace(/(.{4})(?=.)/g, "$1-");
}

/** @param {Staff.Card} card @param {string} site */
function next(card, site) {
  if (card.handedOver) return phrase("counter.handed_by", { by: card.handedOver.by, at: time(card.handedOver.at) });
  if (card.offline) return [t("counter.from_roster")];
  if (card.place?.site && site && card.place.site !== site && HANDS_OVER.includes(card.state)) {
    return phrase("counter.other_site", { site: siteOf(card) });
  }
  if (isEarly(card)) return [t("counter.not_yet", { at: time(card.place?.starts ?? "") })];
  return [t(`counter.next.${card.state}`)];
}

/** @param {Staff.Card} card */
function isEarly(card) {
  return HANDS_OVER.includes(card.state) && !card.handedOver && Date.parse(card.place?.starts ?? "") > Date.now();
}

/**
 * Make a row of facts: a name, and what stands behind it.
 * @param {(string | Node)[]} row
 */
export function fact([name, ...values]) {
  return element("div", {}, element("dt", {}, name), element("dd", {}, ...values));
}

/** @param {Staff.Card} card */
function facts(card) {
  /** @type {(string | Node)[][]} */
  const rows = [[t("counter.number"), spelt(card.reference)]];
  if (card.members) rows.push([t("counter.members"), t("counter.people", { n: card.members })]);
  if (card.place?.starts) rows.push([t("counter.when"), own(siteOf(card)), " ", time(card.place.starts)]);
  if (card.handedOver) rows.push([t("counter.given"), ...between("、", card.handedOver.lines.map((line) => own(worded(line))))]);
  return rows.map(fact);
}

/** @param {Staff.Card} card */
function siteOf(card) {
  return card.place?.siteName?.ja ?? card.place?.site ?? "";
}

/** @param {Api.Line} line */
function worded(line) {
  return phrase("counter.line", { title: line.title.ja, units: line.units, unit: line.unit.ja });
}

/** @param {Api.Line} line */
function stepper(line) {
  const input = element("input", { type: "number", name: line.item, id: `due-${line.item}`, min: "0", max: String(line.units), value: String(line.units), inputMode: "numeric" });
  const label = element("label", { htmlFor: input.id }, ...worded(line));
  const less = element("button", { type: "button", ariaLabel: t("counter.less", { title: plain(line.title.ja) }) }, "−");
  less.addEventListener("click", () => input.stepDown());
  return element("li", {}, label, less, input);
}
