// Sign-in by the authorization code flow with PKCE (RFC 7636): at Entra ID, on a desk at the local issuer.
// Tokens live as long as the tab; they never stand in an address.
import * as oauth from "/static/vendor/oauth4webapi/index.js";

const { issuer, client } = document.documentElement.dataset;
const application = { client_id: client };
const home = new URL("/staff", location.origin).href;
const scope = `${client}/.default offline_access`;
const insecure = { [oauth.allowInsecureRequests]: new URL(issuer).protocol === "http:" };
const RENEWED_BEFORE = 60_000;

/** Return a token that is still good for a minute, or null where nobody is signed in. Throws where the issuer is away. */
export async function token() {
  const known = read("tokens");
  if (!known) return null;
  if (known.until > Date.now() + RENEWED_BEFORE) return known.access;
  return known.refresh ? renewed(known.refresh) : null;
}

/** Go to the issuer's page and come back to this one. */
export async function signIn() {
  const server = await metadata();
  const attempt = { verifier: oauth.generateRandomCodeVerifier(), state: oauth.generateRandomState(), back: location.pathname };
  write("attempt", attempt);
  const address = new URL(server.authorization_endpoint);
  const asked = {
    client_id: client,
    redirect_uri: home,
    response_type: "code",
    response_mode: "fragment",
    scope,
    state: attempt.state,
    code_challenge: await oauth.calculatePKCECodeChallenge(attempt.verifier),
    code_challenge_method: "S256",
  };
  for (const [name, value] of Object.entries(asked)) address.searchParams.set(name, value);
  location.assign(address);
}

/** Forget who was signed in. */
export function signOut() {
  sessionStorage.removeItem("tokens");
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
  keep(await oauth.processAuthorizationCodeResponse(server, application, response));
  if (attempt.back !== location.pathname) location.replace(attempt.back);
}

async function renewed(refresh) {
  const server = await metadata();
  const response = await oauth.refreshTokenGrantRequest(
    server, application, oauth.None(), refresh, { ...insecure, additionalParameters: { scope } },
  );
  try {
    keep(await oauth.processRefreshTokenResponse(server, application, response));
  } catch (error) {
    if (!(error instanceof oauth.ResponseBodyError)) throw error;
    signOut();
    return null;
  }
  return read("tokens").access;
}

async function metadata() {
  const address = new URL(issuer);
  const response = await oauth.discoveryRequest(address, insecure);
  return oauth.processDiscoveryResponse(address, response);
}

function keep(answer) {
  const until = Date.now() + (answer.expires_in ?? 300) * 1000;
  write("tokens", { access: answer.access_token, refresh: answer.refresh_token, until });
}

function read(name) {
  return JSON.parse(sessionStorage.getItem(name));
}

function write(name, value) {
  sessionStorage.setItem(name, JSON.stringify(value));
}
