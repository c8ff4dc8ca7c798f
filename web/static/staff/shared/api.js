// Calls of the API by whoever is signed in.
import { drop, token } from "./sign-in.js";

const WITHIN = 15_000;

/** The server was not reached, or could not answer now: the same call again is safe. */
export class Unreachable extends Error {}

/** Nobody is signed in, or the token is not accepted any more. */
export class SignedOut extends Error {}

/** The server refused; `problem` is its answer (RFC 9457), `status` its status. */
export class Refused extends Error {
  constructor(status, problem) {
    super(problem.detail ?? String(status));
    this.status = status;
    this.problem = problem;
  }
}

/** Call the API and return what it answers: JSON, or text where it is none. */
export async function call(method, path, body) {
  const response = await sent(method, path, body === undefined ? {} : { body: JSON.stringify(body), type: "application/json" });
  return response.headers.get("content-type")?.startsWith("application/json") ? response.json() : response.text();
}

/** Send a body of any type; throws Unreachable, SignedOut and Refused. */
export async function sent(method, path, { body, type } = {}) {
  const headers = { Authorization: `Bearer ${await access()}`, "Accept-Language": "ja" };
  if (type) headers["Content-Type"] = type;
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
    throw new Unreachable(error.message);
  }
  if (!known) throw new SignedOut();
  return known;
}

async function reached(path, options) {
  try {
    return await fetch(path, options);
  } catch (error) {
    throw new Unreachable(error.message);
  }
}
