// @ts-check
// The counter where supplies are handed out: find a household, show its card, record the hand-over; online or not.
import { call, Refused, SignedOut, Unreachable } from "../shared/api.js";
import * as cards from "./card.js";
import * as corrections from "./correction.js";
import * as outbox from "./outbox.js";
import { newId, textOf } from "../shared/forms.js";
import { element, open, own, phrase, place, plain, say, sayProblem, t } from "../shared/page.js";
import * as reissues from "./reissue.js";
import * as rosters from "./roster.js";
import { scan } from "./scanner.js";
import { time } from "../shared/times.js";

const PREFIX = "MADOGUCHI:";
const SEND_EVERY = 15_000;
const ROSTER_EVERY = 300_000;
/** @type {{ card: Staff.Card, handOver: string } | null} */
let shown = null;
/** @type {(() => void) | null} */
let stopCamera = null;
let scans = false;
let isSending = false;

open(async () => {
  listen();
  await sites().catch(later);
  await roster();
  await send();
  const wanted = sessionStorage.getItem("counter.show");
  sessionStorage.removeItem("counter.show");
  if (wanted) await look(wanted);
});

function listen() {
  corrections.listen(present);
  reissues.listen();
  place("look").addEventListener("submit", on(() => look(place("reference", HTMLInputElement).value)));
  place("search").addEventListener("submit", on(search));
  place("hand-over").addEventListener("submit", on(handOver));
  place("override").addEventListener("submit", on(serveAgain));
  place("scan").addEventListener("click", on(startCamera));
  place("next").addEventListener("click", on(nextOne));
  place("site").addEventListener("change", on(chooseSite));
  place("hand-over").addEventListener("change", showProxy);
  addEventListener("online", on(send));
  setInterval(on(send), SEND_EVERY);
  setInterval(on(roster), ROSTER_EVERY);
  showWaiting();
}

/** @param {() => unknown} action */
function on(action) {
  return async (/** @type {Event | void} */ event) => {
    event?.preventDefault();
    try {
      await action();
    } catch (error) {
      sayProblem(error);
    }
  };
}

/** @param {string} typed */
async function look(typed) {
  const reference = read(typed);
  if (!reference) return say(t("counter.no_code"), "problem");
  stopScanning();
  if (outbox.holds(reference)) return say(t("counter.here_already"), "problem");
  try {
    present(await call("POST", "/api/staff/pickup/cards", { reference, view: newId() }));
  } catch (error) {
    if (error instanceof Refused && error.status === 404) return say(t("counter.unknown"), "problem");
    if (!(error instanceof Unreachable)) throw error;
    const due = rosters.due(siteHere(), reference);
    if (!due) return say(t("counter.not_on_roster"), "problem");
    present({ ...due, due: due.state === "collected" ? [] : due.lines, place: { starts: due.starts }, offline: true });
  }
}

/** @param {Staff.Card} card */
function present(card) {
  shown = { card, handOver: newId() };
  say("");
  cards.show(card, siteHere());
  showProxy();
  corrections.fill(card);
  reissues.fill(card);
}

function showProxy() {
  place("proxy").hidden = !isByProxy();
  place("proxy-name", HTMLInputElement).required = isByProxy();
}

async function handOver() {
  if (!shown) return;
  const { card, handOver: handOverId } = shown;
  const lines = cards.fewer(card);
  outbox.keep({
    reference: card.reference,
    id: handOverId,
    receiver: isByProxy() ? "proxy" : "household",
    ...(isByProxy() && { proxyName: place("proxy-name", HTMLInputElement).value.trim() }),
    ...(lines && { lines }),
    at: new Date().toISOString(),
  });
  await send();
  await nextOne();
  const conflict = outbox.conflicts().some((entry) => entry.handOver.id === handOverId);
  const isWaiting = outbox.waiting().some((waiting) => waiting.id === handOverId);
  if (!conflict) say(t(isWaiting ? "counter.kept" : "counter.done", { number: cards.spelt(card.reference) }), "done");
}

async function send() {
  if (isSending) return;
  isSending = true;
  const before = outbox.conflicts().length;
  const waiting = outbox.waiting().length;
  try {
    if (waiting) await outbox.send();
    if (outbox.conflicts().length > before) say("");
    else if (waiting) say(t("counter.sent", { n: waiting }), "done");
  } catch (error) {
    if (error instanceof SignedOut) sayProblem(error);
    else if (!(error instanceof Unreachable)) throw error;
  } finally {
    isSending = false;
    showWaiting();
  }
}

function showWaiting() {
  const waiting = outbox.waiting();
  place("waiting").hidden = !waiting.length;
  if (waiting.length) place("waiting-title").textContent = t("counter.waiting", { n: waiting.length, at: time(waiting[0].at) });
  const conflicts = outbox.conflicts();
  place("conflicts").hidden = !conflicts.length;
  list("conflicts").replaceChildren(...conflicts.map(conflictLine));
  const ofOthers = outbox.ofOthers();
  place("others").hidden = !ofOthers.length;
  list("others").replaceChildren(...ofOthers.map(lineOfOther));
}

/**
 * Say whose hand-overs wait here; what nobody is known to have made can be taken over by whoever did.
 * @param {outbox.Entry[]} entries
 */
function lineOfOther(entries) {
  const { owner } = entries[0];
  const said = owner ? phrase("counter.left_by", { name: owner.name, n: entries.length }) : [t("counter.left_by_nobody", { n: entries.length })];
  const what = entries.map((entry) => element("li", {}, `${cards.spelt(entry.handOver.reference)}（${time(entry.handOver.at)}）`, ...(owner ? [] : [ownButton(entry)])));
  return element("li", {}, ...said, element("ul", {}, ...what));
}

/** @param {outbox.Entry} entry */
function ownButton(entry) {
  const button = element("button", { type: "button" }, t("counter.own"));
  button.addEventListener("click", on(async () => {
    outbox.own(entry);
    await send();
  }));
  return button;
}

/** @param {outbox.Conflict} conflict */
function conflictLine({ handOver, problem }) {
  const settled = element("button", { type: "button" }, t("counter.settled"));
  settled.addEventListener("click", () => {
    outbox.settle(handOver.id);
    showWaiting();
  });
  const { at, by } = problem;
  const handed = at && by ? phrase("counter.handed_by", { by, at: time(at) }) : [];
  const fields = (problem.errors ?? []).map((field) => own(field.message));
  const what = `${cards.spelt(handOver.reference)}（${time(handOver.at)}）：${problem.detail ?? ""} `;
  return element("li", {}, what, ...fields, " ", ...handed, settled);
}

async function search() {
  const [kana, address, reason, birthDate] = ["kana", "address", "why", "born"].map((id) => place(id, HTMLInputElement).value);
  const wanted = { kana, address, reason, ...(birthDate && { birthDate }) };
  /** @type {Api.Found} */
  const { found, isCut } = await call("POST", "/api/staff/pickup/searches", wanted);
  place("found").replaceChildren(...found.map((one) => foundLine(one, Boolean(birthDate))));
  const said = found.length ? t("counter.found", { n: found.length }) : t("counter.none_found");
  say(isCut ? [said, " ", t("counter.found_cut")] : said);
}

/**
 * Show what was found, each answer in a row of its own, so that none can look like the match beside it.
 * @param {Api.FoundCard} one @param {boolean} hasBirthDate whether it was looked for by a birth date
 */
function foundLine(one, hasBirthDate) {
  const button = element("button", { type: "button" }, ...phrase("counter.open", { name: one.head }));
  button.addEventListener("click", on(() => look(one.reference)));
  const stands = `${cards.spelt(one.reference)} ${t(`counter.state.${one.state}`)}`;
  /** @type {(string | Node)[][]} */
  const rows = [
    [t("counter.reading"), own(one.kana)],
    [t("counter.lives_at"), own(one.address)],
    [t("counter.members"), t("counter.people", { n: one.members })],
  ];
  if (hasBirthDate) rows.push([t("counter.birth_date"), t(one.isBornThen ? "counter.born_then" : "counter.not_born_then")]);
  return element("li", {}, element("p", {}, stands), element("dl", {}, ...rows.map(cards.fact)), button);
}

async function serveAgain() {
  if (!shown) return;
  const reason = place("reason", HTMLInputElement).value;
  present(await call("POST", "/api/staff/pickup/overrides", { reference: shown.card.reference, reason }));
}

async function sites() {
  /** @type {Api.Sites} */
  const { sites: known } = await call("GET", "/api/pickup/sites");
  const named = known.map(({ id: site, name, isOpen }) => ({ site, name: isOpen ? plain(name.ja) : t("supplies.closed_site", { name: plain(name.ja) }) }));
  localStorage.setItem("counter.sites", JSON.stringify(named));
  offer(named);
}

/** @param {unknown} error */
function later(error) {
  if (!(error instanceof Unreachable)) throw error;
  offer(JSON.parse(localStorage.getItem("counter.sites") ?? "[]"));
}

/** @param {{ site: string, name: string }[]} known */
function offer(known) {
  const chosen = localStorage.getItem("counter.site");
  place("site", HTMLSelectElement).append(...known.map(({ site, name }) => element("option", { value: site, selected: site === chosen }, name)));
}

async function chooseSite() {
  localStorage.setItem("counter.site", siteHere());
  await roster();
}

async function roster() {
  const site = siteHere();
  try {
    if (site) await rosters.take(site, newId());
  } catch (error) {
    if (error instanceof Refused) throw error;
  }
  const kept = rosters.roster(site);
  place("roster").textContent = kept ? t("counter.roster", { at: time(kept.at), n: kept.entries.length }) : t("counter.no_roster");
}

async function startCamera() {
  stopScanning();
  place("video").hidden = false;
  try {
    stopCamera = await scan(place("video", HTMLVideoElement), (text) => on(() => look(text))());
    scans = true;
  } catch {
    scans = false;
    place("video").hidden = true;
    say(t("counter.no_camera"), "problem");
  }
}

function stopScanning() {
  stopCamera?.();
  stopCamera = null;
  place("video").hidden = true;
}

function nextOne() {
  shown = null;
  cards.hide();
  reissues.fill(null);
  say("");
  place("reference", HTMLInputElement).value = "";
  if (scans) return startCamera();
  place("reference").focus();
}

/** @param {string} typed */
function read(typed) {
  const text = typed.normalize("NFKC").trim().toUpperCase();
  const isCode = text.includes(":") || text.includes("/");
  if (isCode && !text.startsWith(PREFIX)) return "";
  return cards.spelt(text.replace(PREFIX, "").replace(/[^0-9A-Z]/g, ""));
}

function isByProxy() {
  return textOf(place("hand-over", HTMLFormElement), "receiver") === "proxy";
}

function siteHere() {
  return place("site", HTMLSelectElement).value;
}

/** @param {string} id */
function list(id) {
  return place(id).getElementsByTagName("ul")[0];
}
