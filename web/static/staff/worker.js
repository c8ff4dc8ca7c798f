// @ts-check
// Keeps the pages of staff and what they need, so that a counter works on when its connection is gone.
// Pages and scripts: from the network, else as they were last. Calls of the API are never kept.
const KEPT = "staff-1";

const NEEDED = [
  "/staff",
  "/staff/counter",
  "/static/icon.svg",
  "/static/site.css",
  "/static/staff/staff.css",
  "/static/staff/home.js",
  "/static/staff/counter/card.js",
  "/static/staff/counter/correction.js",
  "/static/staff/counter/counter.js",
  "/static/staff/counter/outbox.js",
  "/static/staff/counter/reissue.js",
  "/static/staff/counter/roster.js",
  "/static/staff/counter/scanner.js",
  "/static/staff/shared/api.js",
  "/static/staff/shared/forms.js",
  "/static/staff/shared/kept.js",
  "/static/staff/shared/page.js",
  "/static/staff/shared/sign-in.js",
  "/static/staff/shared/times.js",
  "/static/vendor/oauth4webapi/index.js",
  "/static/vendor/qr/decode.js",
  "/static/vendor/qr/index.js",
];

const worker = /** @type {ServiceWorkerGlobalScope} */ (/** @type {unknown} */ (self));

worker.addEventListener("install", (event) => event.waitUntil(prepare()));
worker.addEventListener("activate", (event) => event.waitUntil(worker.clients.claim()));

worker.addEventListener("fetch", (event) => {
  const address = new URL(event.request.url);
  const isOurs = address.origin === location.origin && /^\/(staff|static)(\/|$)/.test(address.pathname);
  if (event.request.method === "GET" && isOurs) event.respondWith(fresh(event.request));
});

async function prepare() {
  await (await caches.open(KEPT)).addAll(NEEDED);
  await worker.skipWaiting();
}

/** @param {Request} request */
async function fresh(request) {
  const kept = await caches.open(KEPT);
  try {
    const response = await fetch(request);
    if (response.ok) await kept.put(request, response.clone());
    return response;
  } catch (error) {
    const known = await kept.match(request, { ignoreSearch: true });
    if (known) return known;
    throw error;
  }
}
