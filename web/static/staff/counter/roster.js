// The roster of a site: who is due what, by reference, so that a counter works on when its connection is gone.
import { call } from "../shared/api.js";
import { who } from "../shared/sign-in.js";

const KEY = "roster";
const GOOD_FOR = 24 * 3600 * 1000;

/** Take the roster of a site along. */
export async function take(site, view) {
  const roster = await call("POST", "/api/staff/pickup/rosters", { site, view });
  localStorage.setItem(KEY, JSON.stringify({ ...roster, by: who()?.id }));
}

/** Return the roster of a site, null where whoever is signed in took none today. */
export function roster(site) {
  const kept = JSON.parse(localStorage.getItem(KEY));
  if (kept && (Date.now() - Date.parse(kept.at) > GOOD_FOR || kept.by !== who()?.id)) forget();
  return kept?.site === site && localStorage.getItem(KEY) ? kept : null;
}

/** Return what is due to a reference at a site, null where the roster does not know it. */
export function due(site, reference) {
  return roster(site)?.entries.find((entry) => entry.reference === reference) ?? null;
}

/** Forget the roster. */
export function forget() {
  localStorage.removeItem(KEY);
}
