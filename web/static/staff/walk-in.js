// A resident who comes without having asked: the form of the service, filled in at the counter.
import { call, Refused } from "/static/staff/api.js";
import { element, open, say, sayProblem, t } from "/static/staff/page.js";

const form = document.getElementById("walk-in");
let id = crypto.randomUUID().replaceAll("-", "");
let last = "";

open(() => {
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    takeIn().catch(sayProblem);
  });
});

async function takeIn() {
  const typed = {};
  for (const [name, value] of new FormData(form)) (typed[name] ??= []).push(value);
  const now = JSON.stringify(typed);
  if (last && now !== last) id = crypto.randomUUID().replaceAll("-", "");
  last = now;
  clear();
  say(t("counter.taking_in"));
  try {
    const card = await call("POST", "/api/staff/pickup/walk-in-forms", { service: form.dataset.service, typed, id });
    sessionStorage.setItem("counter.show", card.reference);
    location.assign("/staff/counter");
  } catch (error) {
    if (!(error instanceof Refused && error.problem.errors)) throw error;
    say(error.problem.detail, "problem");
    mark(error.problem.errors);
  }
}

function mark(errors) {
  const controls = [...form.elements];
  for (const { pointer, message } of errors) {
    const control = controls.find((one) => one.name === pointer) ?? controls.find((one) => one.name?.startsWith(`${pointer}/`));
    control?.closest(".field, .section")?.prepend(element("p", { className: "error" }, message));
    control?.setAttribute("aria-invalid", "true");
  }
  form.querySelector('[aria-invalid="true"]')?.focus();
}

function clear() {
  for (const error of form.querySelectorAll("p.error")) error.remove();
  for (const control of form.querySelectorAll('[aria-invalid="true"]')) control.removeAttribute("aria-invalid");
}
