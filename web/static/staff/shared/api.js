// @ts-check
// Calls of the API by whoever is signed in.
import { drop, token } from "./sign-in.js";

const WITHIN = 15_000;

/** The server was not reached, or could not answer now: the same call again is safe. */
export class Unreachable extends Error {}

/** Nobody is signed in, or the token is not accepted any more. */
export class SignedOut extends Error {}

/** The server refused; `problem` is its answer (RFC 9457), `status` its status. */
export class Refused extends Error {
  /** @param {number} status @param {Api.Problem} problem */
  constructor(status, problem) {
    super(problem.detail ?? String(status));
    this.status = status;
    this.problem = problem;
  }
}

/**
 * Call the API and return what it answers: JSON, or text where it is none.
 * @param {string} method @param {string} path @param {object} [body]
 */
export async function call(method, path, body) {
  const response = await sent(method, path, body === undefined ? {} : { body: JSON.stringify(body), type: "application/json" });
  return response.headers.get("content-type")?.startsWith("application/json") ? response.json() : response.text();
}

/**
 * Send a body of any type; throws Unreachable, SignedOut and Refused.
 * @param {string} method @param {string} path @param {{ body?: BodyInit, type?: string }} [content]
 */
export async function sent(method, path, { body, type } = {}) {
  const headers = new Headers({ Authorization: `Bearer ${await access()}`, "Accept-Language": "ja" });
  if (type) headers.set("Content-Type", type);
  const response = await reached(path, { method, headers, body, cache: "no-store", signal: AbortSignal.timeout(WITHIN) });
  if (response.ok) return response;
  if (response.status === 401) {
    drop();
    throw new SignedOut();
  }
  if (response.status >= 500 || response.status === 429) throw new Unreachable(String(response.status));
  throw new Refused(response.status, await response.json().catch(() => ({})));
}

async function access() {
  let known;
  try {
    known = await token();
  } catch (error) {
    throw new Unreachable("the issuer", { cause: error });
  }
  if (!known) throw new SignedOut();
  return known;
}

/** @param {string} path @param {RequestInit} options */
async function reached(path, options) {
  try {
    return await fetch(path, options);
  } catch (error) {
    throw new Unreachable("the server", { cause: error });
  }
}
