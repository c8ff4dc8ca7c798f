// @ts-check
"use strict";

const { badRequest, Refusal, tooLarge } = require("./errors");
const { LARGEST } = require("./store");

const MOST_OPERATIONS = 100;
const FAILED_DEPENDENCY = 424;

/** Carries which operation of a batch was refused out of the transaction, which it undoes. */
class Failed extends Error {
  constructor(index, refusal) {
    super(refusal.message);
    this.index = index;
    this.status = refusal.status;
  }
}

function validate(store, key, operations) {
  if (!Array.isArray(operations)) throw badRequest("The request body is not a list of operations");
  if (operations.length > MOST_OPERATIONS) {
    throw badRequest("Batch request has more operations than what is supported.");
  }
  if (Buffer.byteLength(JSON.stringify(operations)) > LARGEST) throw tooLarge();
  const foreign = ({ operationType, resourceBody }) =>
    resourceBody && operationType !== "Patch" && store.keyOf(resourceBody) !== key;
  if (operations.some(foreign)) {
    throw badRequest(
      "One or more operations within the batch request have a different partition key value than the request.",
    );
  }
}

function applyOne(store, key, operation, index) {
  const isPatch = operation.operationType === "Patch";
  const { operations, condition } = (isPatch && operation.resourceBody) || {};
  try {
    const [statusCode, item] = store.apply({ ...operation, operations, condition }, key);
    return { statusCode, requestCharge: 1, ...(item ? { eTag: item._etag, resourceBody: item } : {}) };
  } catch (error) {
    throw error instanceof Refusal ? new Failed(index, error) : error;
  }
}

/** Apply all operations or none; the answer has one status for each. */
function applyBatch(store, key, operations) {
  validate(store, key, operations);
  try {
    return [
      200,
      store.transaction(() => operations.map((operation, index) => applyOne(store, key, operation, index))),
    ];
  } catch (error) {
    if (!(error instanceof Failed)) throw error;
    const status = (index) => (index === error.index ? error.status : FAILED_DEPENDENCY);
    return [207, operations.map((_, index) => ({ statusCode: status(index), requestCharge: 0 }))];
  }
}

module.exports = { applyBatch };
