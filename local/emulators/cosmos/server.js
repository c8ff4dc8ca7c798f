// @ts-check
"use strict";

const { randomUUID } = require("crypto");
const http = require("http");
const routeOf = require("@vercel/cosmosdb-server/lib/routes").default;
const { Account } = require("./account");
const { badRequest, Refusal } = require("./errors");
const { answerItems } = require("./items");
const { Journal } = require("./journal");

const ITEMS = /^\/dbs\/([^/]+)\/colls\/([^/]+)\/(docs|operations\/partitionkeydelete)(?:\/([^/]+))?$/;
const OFFERS = {
  Offers: [{ id: "o", _self: "offers/o/", offerVersion: "V2", content: { offerThroughput: 400 } }],
  _count: 1,
};
const KEEP_ALIVE = 60_000;

/** Return the path of a request without doubled slashes, which some clients send. */
function pathOf(request) {
  return request.url.split("?")[0].replace(/\/+/g, "/").replace(/\/$/, "");
}

/** Answer a request: the status and the body. */
async function answer(account, request, response) {
  const path = pathOf(request);
  const items = ITEMS.exec(path);
  if (items) {
    const [databaseId, containerId, kind, id] = items.slice(1).map((part) => part && decodeURIComponent(part));
    return answerItems(account, request, response, { databaseId, containerId, kind, id });
  }
  if (path === "/offers") return [200, OFFERS];
  if (path === "" && request.method === "GET") return [200, account.describe()];
  return answerByPackage(account, request, response, path);
}

/** Let the package answer what concerns databases, containers and functions, and record what it changed. */
async function answerByPackage(account, request, response, path) {
  const route = routeOf(request);
  if (!route) throw badRequest(`no route ${request.method} ${path}`);
  const [parameters, handler] = route;
  const body = await handler(account.definitions, request, response, parameters);
  const { statusCode: status } = response;
  if (status < 300) recordDefinition(account, request.method, path.slice(1).split("/").map(decodeURIComponent), body);
  if (request.headers["a-im"] && status === 200) return unchanging(request, response, body);
  return [status, body];
}

function recordDefinition(account, method, names, body) {
  const list = names.length % 2 ? names : names.slice(0, -1);
  if (method === "DELETE") account.removed(list, names.at(-1));
  // Queries are POST too, but what they return has no id.
  else if (method !== "GET" && body.id !== undefined) account.defined(list, body);
}

/** Answer a feed of what never changes, such as the ranges of partition keys: there is nothing new. */
function unchanging(request, response, body) {
  response.setHeader("etag", "1");
  return request.headers["if-none-match"] ? [304] : [200, body];
}

function refused(response, error) {
  if (!(error instanceof Refusal)) console.error(error);
  if (error.subStatus !== undefined) response.setHeader("x-ms-substatus", String(error.subStatus));
  return [error.status || 500, { code: error.code || "InternalServerError", message: error.message }];
}

function send(request, response, status, body) {
  if (status >= 400 && !body.message) body.message = "";
  if (body?._etag) response.setHeader("etag", body._etag);
  const wantsNoBody = /return=minimal/.test(request.headers.prefer || "") && status < 300 && request.method !== "GET";
  const isEmpty = body === undefined || wantsNoBody || status === 204 || status === 304;
  response.writeHead(status);
  response.end(isEmpty ? undefined : JSON.stringify(body));
}

async function handle(account, request, response) {
  response.setHeader("content-type", "application/json");
  response.setHeader("x-ms-activity-id", randomUUID());
  response.setHeader("x-ms-request-charge", "1");
  try {
    send(request, response, ...(await answer(account, request, response)));
  } catch (error) {
    send(request, response, ...refused(response, error));
  }
}

/** Make a server; with a folder it keeps its data there, without one in memory. */
function createServer(folder) {
  let account;
  const server = http.createServer((request, response) => handle(account, request, response));
  server.keepAliveTimeout = KEEP_ALIVE;
  // Only who has the port touches the data; requests wait until this has run.
  server.on("listening", () => {
    const { address, port } = /** @type {import("net").AddressInfo} */ (server.address());
    account = new Account(address, port);
    if (folder) account.keepIn(new Journal(folder));
  });
  return server;
}

module.exports = { createServer };
