// @ts-check
// Bars of what a site has: drawn beside the numbers, which say the same.
import { element, t } from "../shared/page.js";

/** @typedef {{ name: string, parts: { kind: string, value: number }[] }} Row a kind is a class of staff.css */

const SVG = "http://www.w3.org/2000/svg";

/**
 * Draw a bar for each row, to one scale.
 * @param {Row[]} rows @param {string} label
 */
export function bars(rows, label) {
  const most = Math.max(1, ...rows.map((row) => sum(row.parts)));
  return element("div", { className: "chart", role: "img", ariaLabel: label }, ...rows.flatMap((row) => [element("p", {}, row.name), bar(row, most)]));
}

/**
 * Name the kinds of the bars.
 * @param {string[]} kinds
 */
export function legend(kinds) {
  const entries = kinds.map((kind) => element("li", { className: `of-${kind}` }, t(`supplies.kind.${kind}`)));
  return element("ul", { className: "legend" }, ...entries);
}

/** @param {Row} row @param {number} most */
function bar(row, most) {
  const drawing = node("svg", { viewBox: "0 0 100 1", preserveAspectRatio: "none" });
  let left = 0;
  for (const { kind, value } of row.parts.filter((part) => part.value > 0)) {
    const width = (value / most) * 100;
    drawing.append(node("rect", { x: left, y: 0, width, height: 1, class: `of-${kind}` }));
    left += width;
  }
  return drawing;
}

/** @param {Row["parts"]} parts */
function sum(parts) {
  return parts.reduce((total, part) => total + Math.max(part.value, 0), 0);
}

/** @param {string} name @param {Record<string, string | number>} attributes */
function node(name, attributes) {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, String(value));
  return made;
}
