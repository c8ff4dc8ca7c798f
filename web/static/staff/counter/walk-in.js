// @ts-check
// A resident who comes without having asked: the form of the service, filled in at the counter.
import { call } from "../shared/api.js";
import { sending } from "../shared/forms.js";
import { open, place, say, t } from "../shared/page.js";

const form = place("walk-in", HTMLFormElement);

open(() => sending(form, takeIn));

/** @param {string} id */
async function takeIn(id) {
  /** @type {Record<string, FormDataEntryValue[]>} */
  const typed = {};
  for (const [name, value] of new FormData(form)) (typed[name] ??= []).push(value);
  say(t("counter.taking_in"));
  /** @type {Api.Card} */
  const card = await call("POST", "/api/staff/pickup/walk-in-forms", { service: form.dataset.service, typed, id });
  sessionStorage.setItem("counter.show", card.reference);
  location.assign("/staff/counter");
}
