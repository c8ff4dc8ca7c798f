// @ts-check
// A short stock, split fairly: who would get what under each rule, before anything is decided; then the decision.
import { call } from "../shared/api.js";
import { sending, textOf } from "../shared/forms.js";
import { between, element, own, phrase, say, t, titleOf } from "../shared/page.js";
import { time } from "../shared/times.js";

/**
 * Show within a slot what each rule would give, or what was decided.
 * @param {Api.Slot} slot @param {Staff.Office} office @param {HTMLElement} within
 */
export async function show(slot, office, within) {
  const address = office.address(`slots/${slot.id}/splits`);
  /** @type {Api.Splits} */
  const found = await call("GET", address);
  within.querySelector(".split")?.remove();
  const shown = found.decided ? [decision(found.decided)] : [...previews(found), decide(address, found, office)];
  within.append(element("section", { className: "split" }, element("h4", {}, t(found.decided ? "supplies.split_rule" : "supplies.split")), ...shown));
}

/** @param {Api.Splits} found */
function previews(found) {
  const waiting = element("p", {}, t("supplies.split_waiting", { n: found.waiting, places: found.freePlaces }));
  return [waiting, element("div", { className: "previews" }, ...found.previews.map(preview))];
}

/** @param {Api.Preview} one */
function preview(one) {
  return element(
    "section", {},
    element("h5", {}, t(`supplies.rule.${one.rule}`)),
    element("p", {}, t("supplies.split_counts", one)),
    element("ul", {}, ...Object.entries(one.totals).map(([item, total]) => element("li", {}, ...phrase("supplies.split_total", { ...total, title: titleOf(item) })))),
    element("details", {}, element("summary", {}, t("supplies.split_shares", { n: one.shares.length })), shares(one.shares)),
  );
}

/** @param {Api.Share[]} all */
function shares(all) {
  return element("ul", {}, ...all.map((share) => element("li", {}, ...phrase("supplies.split_share", { reference: share.reference, granted: units(share.granted), because: t(`supplies.because.${share.because}`) }))));
}

/** @param {Api.Units} lines */
function units(lines) {
  const given = Object.entries(lines).map(([item, number]) => own(own(titleOf(item)), ` ${number}`));
  return given.length ? between("、", given) : t("supplies.nothing");
}

/** @param {string} address @param {Api.Splits} found @param {Staff.Office} office */
function decide(address, found, office) {
  if (!office.supervises) return element("p", {}, t("supplies.split_by_supervisor"));
  const rules = found.previews.map(({ rule }) => element("label", { className: "choice" }, element("input", { type: "radio", name: "/rule", value: rule, required: true }), element("span", {}, t(`supplies.rule.${rule}`))));
  const reason = element("input", { type: "text", name: "/reason", id: "split-reason", required: true, maxLength: 500 });
  const form = element("form", {}, element("fieldset", { className: "field" }, element("legend", {}, t("supplies.split_rule")), ...rules), element("div", { className: "field" }, element("label", { htmlFor: reason.id }, t("supplies.split_reason")), reason), element("button", { className: "main" }, t("supplies.split_decide")));
  sending(form, async (id) => {
    const rule = textOf(form, "/rule");
    if (!confirm(t("supplies.split_sure", { rule: t(`supplies.rule.${rule}`) }))) return;
    await call("POST", address, { id, rule, reason: reason.value, basis: found.basis });
    await office.refresh();
    say(t("supplies.split_decided"), "done");
  });
  return form;
}

/** @param {NonNullable<Api.Splits["decided"]>} decided */
function decision(decided) {
  const words = phrase("supplies.split_was", { rule: t(`supplies.rule.${decided.rule}`), by: decided.by, at: time(decided.at), reason: decided.reason });
  return element("div", {}, element("p", {}, ...words), shares(decided.shares));
}
