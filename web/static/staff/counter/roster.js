// @ts-check
// The roster of a site: who is due what, by reference, so that a counter works on when its connection is gone.
import { call } from "../shared/api.js";
import { keep, kept } from "../shared/kept.js";

/**
 * Take the roster of a site along.
 * @param {string} site @param {string} view
 */
export async function take(site, view) {
  keep("roster", await call("POST", "/api/staff/pickup/rosters", { site, view }));
}

/**
 * Return the roster of a site, null where whoever is signed in took none today.
 * @param {string} site
 */
export function roster(site) {
  /** @type {Api.Roster | null} */
  const taken = kept("roster");
  return taken?.site === site ? taken : null;
}

/**
 * Return what is due to a reference at a site, null where the roster does not know it.
 * @param {string} site @param {string} reference
 */
export function due(site, reference) {
  return roster(site)?.entries.find((entry) => entry.reference === reference) ?? null;
}
