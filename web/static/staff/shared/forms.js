// @ts-check
// Forms of staff: what the server says of a field stands at that field, and nothing typed is lost.
import { Refused } from "./api.js";
import { element, say, sayProblem } from "./page.js";

/** Return a new id of what is about to be sent; the server takes one id once. */
export function newId() {
  return crypto.randomUUID().replaceAll("-", "");
}

/**
 * Send a form by `action(id)` whenever it is submitted; a repeat of the same content has the same id, whatever came back.
 * @param {HTMLFormElement} form @param {(id: string) => unknown} action
 */
export function sending(form, action) {
  let id = newId();
  let last = "";
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const typed = JSON.stringify([...new FormData(form)].map(([name, value]) => [name, String(value)]));
    if (last && typed !== last) id = newId();
    last = typed;
    clear(form);
    try {
      await action(id);
      id = newId();
      last = "";
    } catch (error) {
      const problem = error instanceof Refused ? error.problem : {};
      if (!problem.errors?.some((one) => control(form, one.pointer))) return sayProblem(error);
      say(problem.detail ?? "", "problem");
      mark(form, problem.errors);
    }
  });
}

/** @param {HTMLFormElement} form @param {Api.FieldProblem[]} errors */
function mark(form, errors) {
  for (const { pointer, message } of errors) {
    const found = control(form, pointer);
    if (!found) continue;
    const around = found.closest(".field, .section, li, form") ?? form;
    const label = around.querySelector(":scope > label:not(.choice), :scope > legend");
    const error = element("p", { className: "error" }, message);
    if (label) label.after(error);
    else around.prepend(error);
    found.setAttribute("aria-invalid", "true");
  }
  /** @type {HTMLElement | null} */ (form.querySelector('[aria-invalid="true"]'))?.focus();
}

/**
 * Find the control of a JSON pointer: of that name, or the first within it.
 * @param {HTMLFormElement} form
 */
function control(form, pointer = "") {
  const controls = /** @type {HTMLInputElement[]} */ ([...form.elements]);
  return controls.find((one) => one.name === pointer) ?? controls.find((one) => one.name?.startsWith(`${pointer}/`));
}

/**
 * Return what is typed in the control of a name, "" where there is none.
 * @param {HTMLFormElement} form @param {string} name
 */
export function textOf(form, name) {
  return String(new FormData(form).get(name) ?? "");
}

/** @param {HTMLFormElement} form */
function clear(form) {
  for (const error of form.querySelectorAll("p.error")) error.remove();
  for (const found of form.querySelectorAll('[aria-invalid="true"]')) found.removeAttribute("aria-invalid");
}
