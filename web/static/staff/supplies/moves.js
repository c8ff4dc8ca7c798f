// @ts-check
// The moves of a site's stock, the latest first: who, when, what and why.
import { between, element, own, place, t, titleOf } from "../shared/page.js";
import { time } from "../shared/times.js";

const SHOWN = 100;

/**
 * Show the latest of these moves.
 * @param {Api.Move[]} moves
 */
export function show(moves) {
  const latest = moves.toReversed().slice(0, SHOWN);
  const head = ["at", "move", "units", "by", "reason"].map((key) => element("th", { scope: "col" }, t(`supplies.head.${key}`)));
  const rows = latest.map((move) => element("tr", {}, ...cells(move).map((cell) => element("td", {}, own(cell)))));
  place("moves").replaceChildren(
    element("p", {}, t("supplies.moves_shown", { shown: latest.length, all: moves.length })),
    element("div", { className: "wide", tabIndex: 0, role: "group", ariaLabel: t("supplies.moves") }, element("table", {}, element("thead", {}, element("tr", {}, ...head)), element("tbody", {}, ...rows))),
  );
}

/** @param {Api.Move} move */
function cells(move) {
  const units = Object.entries(move.lines).map(([item, number]) => own(own(titleOf(item)), ` ${number > 0 ? "+" : ""}${number}`));
  return [time(move.at), t(`supplies.moved.${move.kind}`), between("、", units), move.by ?? "", move.reason ?? move.reference ?? move.slot ?? ""];
}
