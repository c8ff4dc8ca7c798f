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
const RENEW_BEFORE_MS = 60_000;
const SIGNED_OUT = "signed-out";
const TO_END = "end-session-at-issuer";

/** Return a token valid for a minute or more; null where the person must sign in. Throws where the issuer is unreachable. */
export async function token() {
  const known = tokens();
  if (!known) return null;
  if (known.until > Date.now() + RENEW_BEFORE_MS) return known.access;
  return known.refresh ? renew(known) : null;
}

/** Return who is signed in, null where nobody is; needs no connection. */
export function who() {
  return tokens()?.who ?? null;
}

/** Open the issuer's page to choose an account. Where a session is left there, only end it: the person signs in again. */
export async function signIn() {
  if (await endSession()) return;
  const server = await metadata();
  const attempt = { verifier: oauth.generateRandomCodeVerifier(), state: oauth.generateRandomState(), back: location.pathname };
  write("attempt", attempt);
  redirect(location.assign, server.authorization_endpoint, {
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

/** Forget the tokens of this tab, after the server has refused them. */
export function drop() {
  sessionStorage.removeItem("tokens");
}

/** Forget in every tab who was signed in, then end the session at the issuer. Throws where the issuer is away. */
export async function signOut() {
  const hint = tokens()?.hint;
  localStorage.setItem(SIGNED_OUT, String(Date.now()));
  localStorage.setItem(TO_END, "yes");
  sessionStorage.clear();
  await endSession(hint);
}

/**
 * End a session that is left at the issuer, and tell whether there was one. Throws where the issuer is away.
 * @param {string} [hint]
 */
export async function endSession(hint) {
  if (who() || !localStorage.getItem(TO_END)) return false;
  const server = await metadata();
  localStorage.removeItem(TO_END);
  redirect(location.replace, server.end_session_endpoint, { post_logout_redirect_uri: home, ...(hint && { logout_hint: hint }) });
  return true;
}

/**
 * Call back when somebody signs out in another tab.
 * @param {() => void} action
 */
export function whenSignedOut(action) {
  addEventListener("storage", (event) => event.key === SIGNED_OUT && action());
}

/** Finish a sign-in whose answer the issuer put into the address; go back to the page that asked for it. */
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
async function renew({ refresh, who: person, hint, since }) {
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
function redirect(go, address, asked) {
  const target = new URL(address);
  for (const [name, value] of Object.entries(asked)) target.searchParams.set(name, value);
  go.call(location, target);
}

/** @param {string} name */
function read(name) {
  return JSON.parse(sessionStorage.getItem(name) ?? "null");
}

/** @param {string} name @param {object} value */
function write(name, value) {
  sessionStorage.setItem(name, JSON.stringify(value));
}
