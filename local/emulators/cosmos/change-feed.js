// @ts-check
"use strict";

const { badRequest } = require("./errors");

const LATEST_VERSION = /^incremental feed$/i;

/** Tell whether a request asks for the change feed; raises a refusal for a mode that is not emulated. */
function asksForChanges(request) {
  const mode = request.headers["a-im"];
  if (!mode || request.method !== "GET") return false;
  if (!LATEST_VERSION.test(mode)) throw badRequest("only the latest-version change feed is emulated");
  return true;
}

/** Return the number of the last change that the client has seen. */
function lastSeen(store, token) {
  return token === "*" ? store.lsn : parseInt(String(token || "0").replace(/"/g, ""), 10) || 0;
}

/** Return one page of items in the order of their last change, and the token to go on from. */
function readChanges(store, scope, { "if-none-match": token, "if-modified-since": date }, maxItemCount) {
  const after = lastSeen(store, token);
  const since = date && !token ? Date.parse(date) / 1000 : 0;
  const found = store
    .entries(scope)
    .filter(({ item, lsn }) => lsn > after && item._ts >= since)
    .sort((a, b) => a.lsn - b.lsn);
  const page = maxItemCount > 0 ? found.slice(0, maxItemCount) : found;
  const reached = page.length < found.length ? page.at(-1).lsn : store.lsn;
  return { items: page.map(({ item }) => item), etag: `"${reached}"` };
}

module.exports = { asksForChanges, readChanges };
