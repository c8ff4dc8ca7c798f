// @ts-check
"use strict";

/** A refusal in the service's words: HTTP status, code and, where clients look at it, the sub-status. */
class Refusal extends Error {
  constructor(status, code, message, subStatus) {
    super(message);
    this.status = status;
    this.code = code;
    this.subStatus = subStatus;
  }
}

const badRequest = (message, subStatus) => new Refusal(400, "BadRequest", message, subStatus);
const notFound = (message, subStatus) => new Refusal(404, "NotFound", message, subStatus);
const conflict = (message) => new Refusal(409, "Conflict", message);
const tooLarge = () => new Refusal(413, "RequestEntityTooLarge", "Request size is too large");
const preconditionFailed = (subStatus) =>
  new Refusal(412, "PreconditionFailed", "One of the specified pre-condition is not met", subStatus);

/** Run a step whose own errors are the client's fault. */
function orBadRequest(step) {
  try {
    return step();
  } catch (error) {
    throw badRequest(error.message);
  }
}

module.exports = { Refusal, badRequest, conflict, notFound, orBadRequest, preconditionFailed, tooLarge };
