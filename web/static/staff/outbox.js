// Hand-overs on their way to the server: each is kept under a key of its own until the server has it, so that a lost
// connection or a closed tab loses none, and its id lets the server take it once.
import { call, Refused } from "/static/staff/api.js";

const PREFIX = "hand-over.";

/** Keep a hand-over: what `POST /api/staff/pickup/hand-overs` takes. */
export function keep(handOver) {
  write({ handOver });
}

/** Return what waits to be sent, the earliest first. */
export function waiting() {
  return entries().filter((entry) => !entry.problem).map((entry) => entry.handOver);
}

/** Return what the server refused, with its answer, until somebody settled it. */
export function conflicts() {
  return entries().filter((entry) => entry.problem);
}

/** Forget a conflict that somebody has seen to. */
export function settle(id) {
  localStorage.removeItem(PREFIX + id);
}

/** Send what waits, one after the other; return the server's card of each by id. Throws what stops it in between. */
export async function send() {
  const cards = new Map();
  for (const handOver of waiting()) {
    try {
      cards.set(handOver.id, await call("POST", "/api/staff/pickup/hand-overs", handOver));
      localStorage.removeItem(PREFIX + handOver.id);
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      write({ handOver, problem: error.problem });
    }
  }
  return cards;
}

function entries() {
  const keys = Object.keys(localStorage).filter((key) => key.startsWith(PREFIX));
  return keys.map((key) => JSON.parse(localStorage.getItem(key))).sort((one, other) => one.handOver.at.localeCompare(other.handOver.at));
}

function write(entry) {
  localStorage.setItem(PREFIX + entry.handOver.id, JSON.stringify(entry));
}
