// @ts-check
// What a page keeps on the device for whoever is signed in, for a day. Signing out on any page takes all of it away.
import { who } from "./sign-in.js";

const PREFIX = "kept.";
const GOOD_FOR = 24 * 3600 * 1000;

/**
 * Keep a value under a name, in the place of the one before.
 * @param {string} name @param {unknown} value
 */
export function keep(name, value) {
  localStorage.setItem(PREFIX + name, JSON.stringify({ by: who()?.id, at: Date.now(), value }));
}

/**
 * Return what was kept under a name, null where whoever is signed in kept nothing today.
 * @param {string} name
 */
export function kept(name) {
  const found = JSON.parse(localStorage.getItem(PREFIX + name) ?? "null");
  if (!found) return null;
  if (found.by === who()?.id && Date.now() - found.at <= GOOD_FOR) return found.value;
  forget();
  return null;
}

/** Forget all that is kept. */
export function forget() {
  for (const key of Object.keys(localStorage)) if (key.startsWith(PREFIX)) localStorage.removeItem(key);
}
