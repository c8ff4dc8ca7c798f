// What every page of staff does: texts, who is signed in, and the service worker that keeps pages for hours offline.
import { call, SignedOut, Unreachable } from "./api.js";
import { forget } from "./kept.js";
import { endSession, finish, signIn, signOut, who as signedIn, whenSignedOut } from "./sign-in.js";

const titles = new Map();

const texts = JSON.parse(document.getElementById("texts").textContent);

/** Return a text of web/texts/staff.ja.json, without its prefix `staff.`, with its values filled in. */
export function t(key, values = {}) {
  return worded(key).replace(/{(\w+)}/g, (_, name) => values[name] ?? "");
}

function worded(key) {
  return texts[`staff.${key}`] ?? key;
}

/** Say what items are called. */
export function nameItems(items) {
  for (const item of items) titles.set(item.id, item.title.ja);
}

/** Return what an item is called; its id where nobody said it. */
export function titleOf(item) {
  return titles.get(item) ?? item;
}

/** Make an element with properties and children. */
export function element(name, properties = {}, ...children) {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...children);
  return made;
}

/** Return a text of `t` in parts, each of its values in an element of its own: whatever somebody wrote stays in there. */
export function phrase(key, values) {
  return worded(key).split(/{(\w+)}/).map((part, n) => (n % 2 ? own(values[part]) : part));
}

/** Put what somebody wrote into an element of its own, whose order and place nothing in it can leave. */
export function own(...words) {
  return element("bdi", {}, ...words.flat().map((word) => word ?? ""));
}

/** Return what somebody wrote for where no element can stand, an option or a label: without what turns its direction. */
export function plain(words) {
  return words.replace(/[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g, "");
}

/** Put something between others of a list. */
export function between(separator, list) {
  return list.flatMap((one, n) => (n ? [separator, one] : [one]));
}

/** Say something, a text or its parts, to whoever looks or listens; kinds: "done", "problem", "" (in between). */
export function say(text, kind = "") {
  const place = document.getElementById("said");
  place.className = kind;
  place.replaceChildren(...[text].flat());
}

/** Say what went wrong, and what to do; leads to the sign-in where nobody is signed in. */
export function sayProblem(error) {
  if (error instanceof SignedOut) return show(null);
  if (error instanceof Unreachable) return say(t("unreachable"), "problem");
  const fields = (error.problem?.errors ?? []).map((field) => field.message);
  const short = (error.problem?.items ?? []).map((item) => own(titleOf(item)));
  return say([error.problem?.detail ?? t("broken"), " ", ...between("、", short), ...fields.flatMap((field) => [" ", own(field)])], "problem");
}

/** Take up a sign-in, find out who it is, show the page to them; `begin` gets who, or null where that is not known. */
export async function open(begin) {
  document.getElementById("sign-in").addEventListener("click", () => signIn().catch(() => say(t("unreachable"), "problem")));
  document.getElementById("sign-out").addEventListener("click", leave);
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

async function identify(begin) {
  try {
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

function show(who) {
  document.body.dataset.signedIn = who ? "yes" : "no";
  document.getElementById("who").textContent = who?.name ?? "";
}
