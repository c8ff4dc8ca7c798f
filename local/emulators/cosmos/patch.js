// @ts-check
"use strict";

const { badRequest } = require("./errors");

const MOST_OPERATIONS = 10;

/** One operation of a patch on a document of its own; it changes the document in place. */
class Operation {
  constructor(document, operation, index) {
    this.document = document;
    this.operation = operation;
    this.index = index;
  }

  apply() {
    const { op, path, from } = this.operation;
    const isPath = (place) => typeof place === "string" && place[0] === "/";
    if (!isPath(path) || (op === "move" && !isPath(from))) this.refuse("Invalid path.");
    if (!Object.hasOwn(Operation.KINDS, op)) this.refuse(`Unknown operation ${op}`);
    if (op === "remove") return this.remove(path);
    const value = op === "move" ? this.remove(from) : this.operation.value;
    const [parent, name] = this.parentOf(path);
    return Operation.KINDS[op].call(this, parent, name, value);
  }

  add(parent, name, value) {
    if (Array.isArray(parent)) parent.splice(this.position(parent, name, parent.length), 0, value);
    else parent[name] = value;
  }

  set(parent, name, value) {
    if (Array.isArray(parent)) parent[this.position(parent, name, parent.length)] = value;
    else parent[name] = value;
  }

  replace(parent, name, value) {
    if (Array.isArray(parent)) parent[this.position(parent, name, parent.length - 1)] = value;
    else if (!Object.hasOwn(parent, name)) this.refuse("Node to be replaced is absent.");
    else parent[name] = value;
  }

  increment(parent, name, value) {
    const current = parent[name];
    if (current !== undefined && typeof current !== "number") this.refuse("Cannot increment a non-number.");
    parent[name] = (current || 0) + value;
  }

  /** Remove what stands at a path and return it. */
  remove(path) {
    const [parent, name] = this.parentOf(path);
    if (Array.isArray(parent)) return parent.splice(this.position(parent, name, parent.length - 1), 1)[0];
    if (!Object.hasOwn(parent, name)) this.refuse("Node to be removed is absent.");
    const value = parent[name];
    delete parent[name];
    return value;
  }

  /** Return the object or array that holds what a path names, and its name in there. */
  parentOf(path) {
    const names = path
      .slice(1)
      .split("/")
      .map((name) => name.replace(/~1/g, "/").replace(/~0/g, "~"));
    const last = names.pop();
    const child = (node, name) => (isNode(node) && Object.hasOwn(node, name) ? node[name] : undefined);
    const parent = names.reduce(child, this.document);
    if (!isNode(parent)) {
      this.refuse(
        "Add Operation can only create a child object of an existing node(array or object)" +
          ` and cannot create path recursively, no path found beyond: '${path}'`,
      );
    }
    return [parent, last];
  }

  position(array, name, last) {
    const position = name === "-" ? array.length : /^\d+$/.test(name) ? Number(name) : -1;
    if (position < 0 || position > last) this.refuse("Index to operate on is out of array bounds.");
    return position;
  }

  refuse(message) {
    throw badRequest(`For Operation(${this.index + 1}): ${message}`);
  }
}

Operation.KINDS = {
  add: Operation.prototype.add,
  incr: Operation.prototype.increment,
  move: Operation.prototype.add,
  remove: Operation.prototype.remove,
  replace: Operation.prototype.replace,
  set: Operation.prototype.set,
};

function isNode(value) {
  return value !== null && typeof value === "object";
}

/** Return a copy of an item with all operations applied; the item stays as it is. */
function patched(item, operations) {
  if (!Array.isArray(operations) || !operations.length || operations.length > MOST_OPERATIONS) {
    throw badRequest(`The number of patch operations can't exceed ${MOST_OPERATIONS}.`);
  }
  const document = structuredClone(item);
  operations.forEach((operation, index) => new Operation(document, operation, index).apply());
  return document;
}

module.exports = { patched };
