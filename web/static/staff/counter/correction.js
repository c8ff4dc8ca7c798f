// @ts-check
// Correct the answers that describe a household, with the labels of the form that was filled in.
import { call } from "../shared/api.js";
import { sending } from "../shared/forms.js";
import { element, place, say, t } from "../shared/page.js";

/** @type {Record<string, string>} */
const TYPES = { number: "number", date: "date" };
/** @type {Staff.Card | null} */
let card = null;

/**
 * Prepare the form; `present(card)` shows the household as it is after a correction.
 * @param {(card: Api.Card) => void} present
 */
export function listen(present) {
  sending(place("correction", HTMLFormElement), async (id) => {
    const answers = changed();
    if (!Object.keys(answers).length) return say(t("counter.nothing_changed"), "problem");
    const reason = place("correct-reason", HTMLInputElement).value;
    /** @type {Api.Corrected} */
    const corrected = await call("POST", "/api/staff/pickup/corrections", { reference: card?.reference, id, answers, reason });
    present(corrected.card);
    say(t(corrected.keepsUnits ? "counter.keeps_units" : "counter.corrected"), "done");
  });
}

/**
 * Fill the form with what was answered; a card from the roster, or one that was served, has nothing to correct.
 * @param {Staff.Card} shown
 */
export function fill(shown) {
  card = shown;
  place("correction", HTMLFormElement).reset();
  place("correct", HTMLDetailsElement).open = false;
  place("correct").hidden = !shown.household?.length || Boolean(shown.handedOver) || ["collected", "ended"].includes(shown.state);
  place("answers").replaceChildren(...(shown.household ?? []).map(field));
}

/** @param {Api.Answered} answer */
function field(answer) {
  if (answer.options.length || answer.kind === "checkbox") return choices(answer);
  const input = element("input", { id: idOf(answer), name: `/answers${answer.pointer}`, type: TYPES[answer.kind] ?? "text", value: String(answer.value ?? ""), autocomplete: "off" });
  return element("div", { className: "field" }, element("label", { htmlFor: input.id }, answer.label.ja), input);
}

/** @param {Api.Answered} answer */
function choices(answer) {
  const options = answer.options.length ? answer.options : [{ value: true, label: answer.label }];
  const chosen = [answer.value ?? []].flat();
  const type = answer.kind === "radios" ? "radio" : "checkbox";
  const lines = options.map(({ value, label }) => {
    const input = element("input", { type, name: `/answers${answer.pointer}`, value: String(value), checked: chosen.includes(value) });
    return element("label", { className: "choice" }, input, element("span", {}, label.ja));
  });
  return element("fieldset", { className: "field" }, element("legend", {}, answer.label.ja), ...lines);
}

/** Return the merge patch (RFC 7396) of what was typed anew; null takes an answer out. */
function changed() {
  /** @type {Record<string, any>} */
  const patch = {};
  for (const answer of card?.household ?? []) {
    const typed = read(answer);
    if (JSON.stringify(typed) === JSON.stringify(inOrder(answer))) continue;
    const steps = answer.pointer.slice(1).split("/").map((step) => step.replaceAll("~1", "/").replaceAll("~0", "~"));
    const within = steps.slice(0, -1).reduce((part, step) => (part[step] ??= {}), patch);
    within[steps.at(-1) ?? ""] = typed;
  }
  return patch;
}

/** @param {Api.Answered} answer */
function inOrder({ value, options }) {
  return Array.isArray(value) ? options.map((option) => option.value).filter((one) => value.includes(one)) : value;
}

/** @param {Api.Answered} answer */
function read({ pointer, kind, options, value }) {
  const values = new FormData(place("correction", HTMLFormElement)).getAll(`/answers${pointer}`).map((value) => String(value).trim()).filter(Boolean);
  const chosen = options.map((option) => option.value).filter((one) => values.includes(String(one)));
  if (kind === "checkbox") return values.length > 0 || (value === null ? null : false);
  if (kind === "checkboxes") return chosen.length ? chosen : null;
  if (kind === "radios") return chosen[0] ?? null;
  if (kind === "number") return values.length ? Number(values[0]) : null;
  return values[0] ?? null;
}

/** @param {Api.Answered} answer */
function idOf(answer) {
  return `answer${answer.pointer.replaceAll("/", "-")}`;
}
