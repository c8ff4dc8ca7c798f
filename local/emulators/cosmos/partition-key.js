// @ts-check
"use strict";

// A partition key is handled as the JSON text of its values, one for each path: '["K7M2"]', '["x",{}]'.
// {} stands for a value that is not there, as in the header that clients send.

const MASK = (1n << 64n) - 1n;
const C1 = 0x87c37b91114253d5n;
const C2 = 0x4cf5ad432745937fn;

/** Read the value at a path such as /meta/pk; undefined where there is none. */
function valueAt(item, path) {
  return path
    .slice(1)
    .split("/")
    .map((name) => name.replace(/^"|"$/g, ""))
    .reduce((node, name) => (node === undefined || node === null ? undefined : node[name]), item);
}

/** Return the partition key of an item. */
function keyOf(paths, item) {
  const values = paths.map((path) => valueAt(item, path));
  return JSON.stringify(values.map((value) => (value === undefined ? {} : value)));
}

// ---- The effective partition key: where a key stands in the range of hashes. Clients name such ranges when they
// read the change feed of one key, or query by a prefix of a hierarchical key. It is MurmurHash3 x64 128, seed 0.

/** @typedef {(one: bigint, other: bigint) => bigint} OfTwo */

/** @type {OfTwo} */
const multiply = (a, b) => (a * b) & MASK;
/** @type {OfTwo} */
const add = (a, b) => (a + b) & MASK;
/** @type {OfTwo} */
const rotate = (value, bits) => ((value << bits) | (value >> (64n - bits))) & MASK;
const mixFirst = (block) => multiply(rotate(multiply(block, C1), 31n), C2);
const mixSecond = (block) => multiply(rotate(multiply(block, C2), 33n), C1);

function finish(hash) {
  hash = multiply(hash ^ (hash >> 33n), 0xff51afd7ed558ccdn);
  hash = multiply(hash ^ (hash >> 33n), 0xc4ceb9fe1a85ec53n);
  return hash ^ (hash >> 33n);
}

function murmur(bytes) {
  let [first, second] = [0n, 0n];
  let position = 0;
  for (; position + 16 <= bytes.length; position += 16) {
    first ^= mixFirst(bytes.readBigUInt64LE(position));
    first = add(multiply(add(rotate(first, 27n), second), 5n), 0x52dce729n);
    second ^= mixSecond(bytes.readBigUInt64LE(position + 8));
    second = add(multiply(add(rotate(second, 31n), first), 5n), 0x38495ab5n);
  }
  const tail = Buffer.alloc(16);
  bytes.copy(tail, 0, position);
  const length = BigInt(bytes.length);
  second ^= mixSecond(tail.readBigUInt64LE(8)) ^ length;
  first ^= mixFirst(tail.readBigUInt64LE(0)) ^ length;
  first = add(first, second);
  second = add(second, first);
  first = finish(first);
  second = finish(second);
  first = add(first, second);
  return [first, add(second, first)];
}

/** Write one value of a key as the service does before it hashes it: a type byte and the value. */
function encoded(value) {
  if (typeof value === "string") return Buffer.concat([Buffer.from([8]), Buffer.from(value), Buffer.from([255])]);
  if (typeof value === "number") {
    const bytes = Buffer.alloc(9);
    bytes[0] = 5;
    bytes.writeDoubleLE(value, 1);
    return bytes;
  }
  if (value === null) return Buffer.from([1]);
  if (typeof value === "boolean") return Buffer.from([value ? 3 : 2]);
  return Buffer.from([0]);
}

function hashOfValue(value) {
  const [first, second] = murmur(encoded(value));
  const hash = Buffer.alloc(16);
  hash.writeBigUInt64BE(second, 0);
  hash.writeBigUInt64BE(first, 8);
  hash[0] &= 0x3f; // the range of hashes ends at 3F FF ... FF
  return hash.toString("hex").toUpperCase();
}

const known = new Map();

/** Return the effective partition key: one hash for each value, one after the other. */
function effectiveKey(key) {
  if (!known.has(key)) {
    if (known.size > 100_000) known.clear();
    known.set(key, JSON.parse(key).map(hashOfValue).join(""));
  }
  return known.get(key);
}

module.exports = { effectiveKey, keyOf, valueAt };
