// @ts-check
// Sign-in by the authorization code flow with PKCE (RFC 7636): at Entra ID, on a desk at the local issuer.
// Tokens live as long as the tab; they never stand in an address. Who signed in is known from the ID token, so that a
// page that is opened without a connection knows it too. Signing out ends the session at the issuer as well.
import * as oauth from "../../vendor/oauth4webapi/index.js";

/** @typedef {{ id: string, name: string }} Person */
/** @typedef {{ who: Person, hint?: string, since: number }} Session */
/** @typedef {Session & { access: string, refresh?: string, until: number }} Tokens */

const { issuer = "", client = "" } = document.documentElement.dataset;
const application = { client_id: client };
const home = new URL("/staff", location.origin).href;
const scope = `openid profile offline_access ${client}/user_impersonation`;
const insecure = { [oauth.allowInsecureRequests]: new URL(issuer).protocol === "http:" };
const RENEWED_BEFORE = 60_000;
const SIGNED_OUT = "signed-out";
const AT_ISSUER = "signed-in-at-issuer";

/** Return a token that is still good for a minute, or null where nobody is signed in. Throws where the issuer is away. */
export async function token() {
  const known = tokens();
  if (!known) return null;
  if (known.until > Date.now() + RENEWED_BEFORE) return known.access;
  return known.refresh ? renewed(known) : null;
}

/** Return who is signed in, null where nobody is; needs no connection. */
export function who() {
  return tokens()?.who ?? null;
}

/** Go to the issuer's page, where a person is chosen each time, and come back to this one. */
export async function signIn() {
  if (await endSession()) return;
  const server = await metadata();
  const attempt = { verifier: oauth.generateRandomCodeVerifier(), state: oauth.generateRandomState(), back: location.pathname };
  write("attempt", attempt);
  lead(location.assign, server.authorization_endpoint, {
    client_id: client,
    redirect_uri: home,
    response_type: "code",
    response_mode: "fragment",
    prompt: "select_account",
    scope,
    state: attempt.state,
    code_challenge: await oauth.calculatePKCECodeChallenge(attempt.verifier),
    code_challenge_method: "S256",
  });
}

/** Forget the tokens of this tab: they are not accepted any more. */
export function drop() {
  sessionStorage.removeItem("tokens");
}

/** Forget in every tab who was signed in, then end the session at the issuer. Throws where the issuer is away. */
export async function signOut() {
  const hint = tokens()?.hint;
  localStorage.setItem(SIGNED_OUT, String(Date.now()));
  localStorage.setItem(AT_ISSUER, "yes");
  sessionStorage.clear();
  await endSession(hint);
}

/**
 * End a session that is left at the issuer, and tell whether there was one. Throws where the issuer is away.
 * @param {string} [hint]
 */
export async function endSession(hint) {
  if (who() || !localStorage.getItem(AT_ISSUER)) return false;
  const server = await metadata();
  localStorage.removeItem(AT_ISSUER);
  lead(location.replace, server.end_session_endpoint, { post_logout_redirect_uri: home, ...(hint && { logout_hint: hint }) });
  return true;
}

/**
 * Call back when somebody signs out in another tab.
 * @param {() => void} action
 */
export function whenSignedOut(action) {
  addEventListener("storage", (event) => event.key === SIGNED_OUT && action());
}

/** Take up an answer of the issuer in the address, if there is one; lead back to the page that asked. */
export async function finish() {
  const attempt = read("attempt");
  if (!location.hash.includes("state=") || !attempt) return;
  const answer = new URLSearchParams(location.hash.slice(1));
  history.replaceState(null, "", location.pathname);
  sessionStorage.removeItem("attempt");
  const server = await metadata();
  const checked = oauth.validateAuthResponse(server, application, answer, attempt.state);
  const response = await oauth.authorizationCodeGrantRequest(
    server, application, oauth.None(), checked, home, attempt.verifier, insecure,
  );
  const granted = await oauth.processAuthorizationCodeResponse(server, application, response, { requireIdToken: true });
  const { oid, sub, name, login_hint: hint } = oauth.getValidatedIdTokenClaims(granted);
  keep(granted, { who: { id: oid ?? sub, name: name ?? "" }, hint, since: Date.now() });
  if (attempt.back !== location.pathname) location.replace(attempt.back);
}

/** @param {Tokens} known */
async function renewed({ refresh, who: person, hint, since }) {
  const server = await metadata();
  const response = await oauth.refreshTokenGrantRequest(
    server, application, oauth.None(), refresh, { ...insecure, additionalParameters: { scope } },
  );
  try {
    keep(await oauth.processRefreshTokenResponse(server, application, response), { who: person, hint, since });
  } catch (error) {
    if (!(error instanceof oauth.ResponseBodyError)) throw error;
    drop();
    return null;
  }
  return tokens()?.access ?? null;
}

async function metadata() {
  const address = new URL(issuer);
  const response = await oauth.discoveryRequest(address, insecure);
  return oauth.processDiscoveryResponse(address, response);
}

/** @param {{ access_token: string, refresh_token?: string, expires_in?: number }} answer @param {Session} known */
function keep(answer, known) {
  const until = Date.now() + (answer.expires_in ?? 300) * 1000;
  write("tokens", { ...known, access: answer.access_token, refresh: answer.refresh_token, until });
}

/**
 * Return the tokens of this tab, null where there are none or their person signed out in another one.
 * @returns {Tokens | null}
 */
function tokens() {
  const known = read("tokens");
  return known?.who && known.since > Number(localStorage.getItem(SIGNED_OUT)) ? known : null;
}

/** @param {(address: URL) => void} go @param {string} address @param {Record<string, string>} asked */
function lead(go, address, asked) {
  const leads = new URL(address);
  for (const [name, value] of Object.entries(asked)) leads.searchParams.set(name, value);
  go.call(location, leads);
}

/** @param {string} name */
function read(name) {
  return JSON.parse(sessionStorage.getItem(name) ?? "null");
}

/** @param {string} name @param {object} value */
function write(name, value) {
  sessionStorage.setItem(name, JSON.stringify(value));
}
