// @ts-check
"use strict";

const { applyBatch } = require("./batch");
const { asksForChanges, readChanges } = require("./change-feed");
const { badRequest, notFound, orBadRequest } = require("./errors");
const { run } = require("./query");

/** What a client asks of the items of one container. A handler returns the status and the body. */
class ItemRequest {
  constructor(request, response, text, container) {
    const { headers } = request;
    this.request = request;
    this.response = response;
    this.text = text;
    this.headers = headers;
    this.definition = container.definition;
    this.store = container.store;
    this.functions = container.functions;
    const key = headers["x-ms-documentdb-partitionkey"];
    this.key = key === undefined ? undefined : JSON.stringify(parse(key));
    this.scope = { key: this.key, from: headers["x-ms-start-epk"], to: headers["x-ms-end-epk"] };
    this.maxItemCount = parseInt(headers["x-ms-max-item-count"], 10) || 0;
  }

  answer(kind, id) {
    if (kind === "operations/partitionkeydelete") return this.deletePartition();
    if (id !== undefined && this.request.method !== "POST") return this.answerOne(id);
    if (asksForChanges(this.request)) return this.changes();
    if (this.request.method === "GET") return this.query({ query: "SELECT * FROM c" });
    if (this.isQuery()) return this.query(this.body());
    if (this.says("x-ms-cosmos-is-batch-request")) return applyBatch(this.store, this.key, this.body());
    const operationType = this.says("x-ms-documentdb-is-upsert") ? "Upsert" : "Create";
    return this.apply({ operationType, resourceBody: this.body() });
  }

  answerOne(id) {
    switch (this.request.method) {
      case "GET":
        return this.apply({ operationType: "Read", id });
      case "PUT":
        return this.apply({ operationType: "Replace", id, resourceBody: this.body() });
      case "DELETE":
        return this.apply({ operationType: "Delete", id });
      case "PATCH":
        return this.patch(id);
      default:
        throw badRequest(`${this.request.method} is not emulated for an item`);
    }
  }

  patch(id) {
    const body = this.body();
    const { operations, condition } = Array.isArray(body) ? { operations: body } : body;
    return this.apply({ operationType: "Patch", id, operations, condition });
  }

  apply(operation) {
    if (this.key === undefined) throw badRequest("PartitionKey value must be supplied for this operation.");
    const conditions = { ifMatch: this.headers["if-match"], ifNoneMatch: this.headers["if-none-match"] };
    return this.store.transaction(() => this.store.apply({ ...conditions, ...operation }, this.key));
  }

  deletePartition() {
    this.store.transaction(() => this.store.deletePartition(this.key));
    return [200, {}];
  }

  changes() {
    const { items, etag } = readChanges(this.store, this.scope, this.headers, this.maxItemCount);
    this.response.setHeader("etag", etag);
    return items.length ? [200, this.documents(items)] : [304];
  }

  query(query) {
    // Without a query plan the SDK sends the query as it is, which one partition range can answer.
    if (this.says("x-ms-cosmos-is-query-plan-request")) throw badRequest("query plans are not emulated");
    const items = this.store.entries(this.scope).map(({ item }) => item);
    items.sort((a, b) => (a._rid < b._rid ? -1 : 1));
    const continuation = this.headers["x-ms-continuation"];
    const page = run(query, items, {
      maxItemCount: this.maxItemCount,
      continuation: continuation ? parse(continuation) : null,
      udf: this.functions,
      compositeIndexes: this.definition.indexingPolicy?.compositeIndexes,
    });
    if (page.continuation) this.response.setHeader("x-ms-continuation", JSON.stringify(page.continuation));
    this.response.setHeader("x-ms-item-count", String(page.result.length));
    return [200, this.documents(page.result)];
  }

  documents(items) {
    return { _rid: this.definition._rid, Documents: items, _count: items.length };
  }

  isQuery() {
    return this.says("x-ms-documentdb-isquery") || this.headers["content-type"] === "application/query+json";
  }

  says(header) {
    return String(this.headers[header] || "").toLowerCase() === "true";
  }

  body() {
    return parse(this.text);
  }
}

function parse(text) {
  return orBadRequest(() => JSON.parse(text));
}

async function read(request) {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

/** Answer a request on the items of a container. */
async function answerItems(account, request, response, { databaseId, containerId, kind, id }) {
  const text = await read(request);
  const container = account.container(databaseId, containerId);
  if (!container) throw notFound("Owner resource does not exist", 1003);
  try {
    return new ItemRequest(request, response, text, container).answer(kind, id);
  } finally {
    response.setHeader("x-ms-session-token", `0:-1#${container.store.lsn}`);
  }
}

module.exports = { answerItems };
