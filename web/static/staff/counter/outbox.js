// @ts-check
// Hand-overs on their way to the server: each is kept under a key of its own until the server has it, so that a lost
// connection or a closed tab loses none, and its id lets the server take it once. Each belongs to the clerk who made it:
// nobody else sends or settles it. One without an owner waits until a clerk says that it is theirs.
import { call, Refused } from "../shared/api.js";
import { who } from "../shared/sign-in.js";

/** @typedef {Api.HandOver & { at: string }} HandOver */
/** @typedef {{ handOver: HandOver, owner?: { id: string, name: string } | null, problem?: Api.Problem }} Entry */
/** @typedef {Entry & { problem: Api.Problem }} Conflict */

const PREFIX = "hand-over.";

/**
 * Keep a hand-over of whoever is signed in.
 * @param {HandOver} handOver
 */
export function keep(handOver) {
  write({ handOver, owner: who() });
}

/**
 * Tell whether a hand-over of this household waits here, whoever made it.
 * @param {string} reference
 */
export function holds(reference) {
  return entries().some((entry) => !entry.problem && entry.handOver.reference === reference);
}

/** Return what waits to be sent by whoever is signed in, the earliest first. */
export function waiting() {
  return entries().filter((entry) => isOwn(entry) && !entry.problem).map((entry) => entry.handOver);
}

/** Return what the server refused to whoever is signed in, with its answer, until it is settled. */
export function conflicts() {
  return /** @type {Conflict[]} */ (entries().filter((entry) => isOwn(entry) && entry.problem));
}

/** Return what other clerks, or nobody who is known, left here: a list of entries for each owner. */
export function ofOthers() {
  /** @type {Map<string, Entry[]>} */
  const byOwner = new Map();
  for (const entry of entries()) {
    const owner = entry.owner?.id ?? "";
    if (!isOwn(entry)) byOwner.set(owner, [...(byOwner.get(owner) ?? []), entry]);
  }
  return [...byOwner.values()];
}

/**
 * Forget a conflict that its clerk has seen to.
 * @param {string} id
 */
export function settle(id) {
  localStorage.removeItem(PREFIX + id);
}

/**
 * Take over an entry without an owner: whoever is signed in says that it is theirs.
 * @param {Entry} entry
 */
export function own(entry) {
  if (!entry.owner) write({ ...entry, owner: who() });
}

/** Send what waits, one after the other; return the server's card of each by id. Throws what stops it in between. */
export async function send() {
  /** @type {Map<string, Api.Card>} */
  const cards = new Map();
  for (const handOver of waiting()) {
    const owner = who();
    try {
      cards.set(handOver.id, await call("POST", "/api/staff/pickup/hand-overs", handOver));
      localStorage.removeItem(PREFIX + handOver.id);
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      write({ handOver, owner, problem: error.problem });
    }
  }
  return cards;
}

/** @param {Entry} entry */
function isOwn({ owner }) {
  return owner ? owner.id === who()?.id : false;
}

/** @returns {Entry[]} */
function entries() {
  const keys = Object.keys(localStorage).filter((key) => key.startsWith(PREFIX));
  return keys.map((key) => JSON.parse(localStorage.getItem(key) ?? "null")).sort((one, other) => one.handOver.at.localeCompare(other.handOver.at));
}

/** @param {Entry} entry */
function write(entry) {
  localStorage.setItem(PREFIX + entry.handOver.id, JSON.stringify(entry));
}
