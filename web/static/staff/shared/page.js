// @ts-check
// What every page of staff does: texts, who is signed in, and the service worker that keeps pages for hours offline.
import { call, Refused, SignedOut, Unreachable } from "./api.js";
import { forget } from "./kept.js";
import { endSession, finish, signIn, signOut, who as signedIn, whenSignedOut } from "./sign-in.js";

/** @typedef {string | number | Node} Word */

/** @type {Map<string, string>} */
const titles = new Map();

/** @type {Record<string, string>} */
const texts = JSON.parse(place("texts").textContent);

/**
 * Return the element of an id, which is on the page.
 * @template {HTMLElement} [Kind=HTMLElement]
 * @param {string} id @param {new () => Kind} [kind]
 */
export function place(id, kind) {
  const found = document.getElementById(id);
  if (!(found instanceof (kind ?? HTMLElement))) throw new Error(`nothing of that kind at #${id}`);
  return /** @type {Kind} */ (found);
}

/**
 * Return a text of web/texts for staff, without its prefix `staff.`, with its values filled in.
 * @param {string} key @param {Record<string, unknown>} [values]
 */
export function t(key, values = {}) {
  return worded(key).replace(/{(\w+)}/g, (_, name) => String(values[name] ?? ""));
}

/** @param {string} key */
function worded(key) {
  return texts[`staff.${key}`] ?? key;
}

/**
 * Say what items are called.
 * @param {Api.Item[]} items
 */
export function nameItems(items) {
  for (const item of items) titles.set(item.id, item.title.ja);
}

/**
 * Return what an item is called; its id where nobody said it.
 * @param {string} item
 */
export function titleOf(item) {
  return titles.get(item) ?? item;
}

/**
 * Make an element with properties and children.
 * @template {keyof HTMLElementTagNameMap} Name
 * @param {Name} name @param {Partial<HTMLElementTagNameMap[Name]>} [properties] @param {...(string | Node)} children
 * @returns {HTMLElementTagNameMap[Name]}
 */
export function element(name, properties = {}, ...children) {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...children);
  return made;
}

/**
 * Return a text of `t` in parts, each of its values in an element of its own: whatever somebody wrote stays in there.
 * @param {string} key @param {Record<string, Word | Word[] | null>} values
 */
export function phrase(key, values) {
  return worded(key).split(/{(\w+)}/).map((part, n) => (n % 2 ? own(values[part]) : part));
}

/**
 * Put what somebody wrote into an element of its own, whose order and place nothing in it can leave.
 * @param {...(Word | Word[] | null | undefined)} words
 */
export function own(...words) {
  return element("bdi", {}, ...words.flat().map((word) => (word instanceof Node ? word : String(word ?? ""))));
}

/**
 * Return what somebody wrote for where no element can stand, an option or a label: without what turns its direction.
 * @param {string} words
 */
export function plain(words) {
  return words.replace(/[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g, "");
}

/**
 * Put something between others of a list.
 * @template {Word} One
 * @param {string} separator @param {One[]} list
 * @returns {(string | One)[]}
 */
export function between(separator, list) {
  return list.flatMap((one, n) => (n ? [separator, one] : [one]));
}

/**
 * Say something, a text or its parts, to whoever looks or listens.
 * @param {string | (string | Node)[]} text @param {"done" | "problem" | ""} kind "" is in between
 */
export function say(text, kind = "") {
  place("said").className = kind;
  place("said").replaceChildren(...[text].flat());
}

/**
 * Say what went wrong, and what to do; leads to the sign-in where nobody is signed in.
 * @param {unknown} error
 */
export function sayProblem(error) {
  if (error instanceof SignedOut) return show(null);
  if (error instanceof Unreachable) return say(t("unreachable"), "problem");
  const problem = error instanceof Refused ? error.problem : {};
  const fields = (problem.errors ?? []).map((field) => field.message);
  const short = (problem.items ?? []).map((item) => own(titleOf(item)));
  return say([problem.detail ?? t("broken"), " ", ...between("、", short), ...fields.flatMap((field) => [" ", own(field)])], "problem");
}

/**
 * Take up a sign-in, find out who it is, show the page to them; `begin` gets who, or null where that is not known.
 * @param {(who: Api.Who | null) => unknown} begin
 */
export async function open(begin) {
  place("sign-in").addEventListener("click", () => signIn().catch(() => say(t("unreachable"), "problem")));
  place("sign-out").addEventListener("click", leave);
  whenSignedOut(() => location.reload());
  addEventListener("pageshow", (event) => event.persisted && location.reload());
  addEventListener("online", () => endSession().catch(() => {}));
  navigator.serviceWorker?.register("/staff/worker.js", { scope: "/staff" });
  try {
    await finish();
  } catch {
    say(t("sign_in_failed"), "problem");
  }
  try {
    if (await endSession()) return;
  } catch {
    say(t("session_left"), "problem");
  }
  await identify(begin);
}

/** Sign out; what the page showed goes with it, also where the issuer is away. */
async function leave() {
  forget();
  show(null);
  await signOut().catch(() => location.reload());
}

/** @param {(who: Api.Who | null) => unknown} begin */
async function identify(begin) {
  try {
    /** @type {Api.Who} */
    const who = await call("GET", "/api/staff/me");
    show(who);
    await begin(who);
  } catch (error) {
    if (error instanceof Unreachable) {
      show({ name: `${signedIn()?.name ?? ""}${t("offline_name")}` });
      await begin(null);
    } else {
      sayProblem(error);
    }
  }
}

/** @param {{ name: string } | null} who */
function show(who) {
  document.body.dataset.signedIn = who ? "yes" : "no";
  place("who").textContent = who?.name ?? "";
}
