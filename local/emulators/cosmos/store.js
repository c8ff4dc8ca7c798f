// @ts-check
"use strict";

const { randomUUID } = require("crypto");
const { badRequest, conflict, notFound, preconditionFailed, tooLarge } = require("./errors");
const { effectiveKey, keyOf, valueAt } = require("./partition-key");
const { patched } = require("./patch");
const { holds } = require("./query");

const LARGEST = 2 * 1024 * 1024; // bytes of UTF-8

const seconds = () => Math.floor(Date.now() / 1000);

/** The items of one container: partition key -> id -> { item, lsn }, lsn being the number of the item's last change. */
class Store {
  constructor(record) {
    this.record = record; // called with the changes of every transaction before it ends
    this.definition = undefined; // of the container; whoever hands out the store sets it, for a container can be replaced
    this.partitions = new Map();
    this.lsn = 0;
    this.rids = 0;
    this.changes = [];
  }

  get paths() {
    return this.definition.partitionKey?.paths || ["/id"];
  }

  keyOf(item) {
    return keyOf(this.paths, item);
  }

  /**
   * Return the entries that have not expired: of one partition, of a range of hashes, or all.
   * @param {{ key?: string, from?: string, to?: string }} scope
   */
  entries({ key, from, to } = {}) {
    const asked = (each) =>
      (key === undefined || each === key) &&
      (from === undefined || (effectiveKey(each) >= from && effectiveKey(each) < (to ?? "")));
    const partitions = [...this.partitions].filter(([each]) => asked(each));
    return partitions.flatMap(([, entries]) => [...entries.values()]).filter(({ item }) => this.isAlive(item));
  }

  isAlive(item) {
    const { defaultTtl } = this.definition;
    const ttl = item.ttl === undefined ? defaultTtl : item.ttl;
    return !defaultTtl || !ttl || ttl < 0 || item._ts + ttl > seconds();
  }

  find(key, id) {
    const entry = this.partitions.get(key)?.get(id);
    return entry && this.isAlive(entry.item) ? entry.item : undefined;
  }

  /** Apply one operation on one item; returns the status and the item. */
  apply(operation, key) {
    const { operationType, resourceBody } = operation;
    const isWritten = ["Create", "Upsert", "Replace"].includes(operationType);
    if (isWritten) this.requireValid(resourceBody, key);
    const id = ["Create", "Upsert"].includes(operationType) ? resourceBody.id : operation.id;
    const old = this.find(key, id);
    if (operationType === "Create") return this.create(key, resourceBody, old);
    if (operationType === "Upsert" && !old) return [201, this.put(key, resourceBody)];
    if (!old) throw notFound("Entity with the specified id does not exist in the system.", 0);
    if (operationType === "Read") return operation.ifNoneMatch === old._etag ? [304] : [200, old];
    this.requireCondition(old, operation);
    if (operationType === "Delete") return this.delete(key, old);
    return [200, this.put(key, this.successor(operation, key, old), old)];
  }

  create(key, item, old) {
    if (old) throw conflict("Entity with the specified id already exists in the system.");
    return [201, this.put(key, item)];
  }

  delete(key, item) {
    this.lsn += 1;
    this.change({ key, id: item.id });
    return [204];
  }

  deletePartition(key) {
    for (const id of this.partitions.get(key)?.keys() || []) this.delete(key, { id });
  }

  /** Return what a replace, upsert or patch makes of an item. */
  successor({ operationType, operations, resourceBody }, key, old) {
    if (operationType !== "Patch") {
      if (resourceBody.id !== old.id) throw badRequest("id of the item cannot be changed");
      return resourceBody;
    }
    const item = patched(old, operations);
    if (item.id !== old.id || this.keyOf(item) !== key) throw badRequest("Cannot patch id or the partition key");
    return item;
  }

  requireValid(item, key) {
    if (typeof item?.id !== "string" || !item.id) {
      throw badRequest("The input content is invalid because the required properties - 'id; ' - are missing");
    }
    if (this.keyOf(item) !== key) {
      throw badRequest("PartitionKey extracted from document doesn't match the one specified in the header", 1001);
    }
  }

  requireCondition(item, { ifMatch, condition }) {
    if (ifMatch && ifMatch !== "*" && ifMatch !== item._etag) throw preconditionFailed();
    if (condition && !holds(condition, item)) throw preconditionFailed(1110);
  }

  requireUnique(key, item) {
    for (const { paths } of this.definition.uniqueKeyPolicy?.uniqueKeys || []) {
      const valuesOf = (each) => JSON.stringify(paths.map((path) => valueAt(each, path) ?? null));
      const taken = ({ item: other }) => other.id !== item.id && valuesOf(other) === valuesOf(item);
      if (this.entries({ key }).some(taken)) throw conflict("Unique index constraint violation.");
    }
  }

  /** Store an item with new system properties, in the place of an old one if there is one. */
  put(key, item, old) {
    if (Buffer.byteLength(JSON.stringify(item)) > LARGEST) throw tooLarge();
    this.requireUnique(key, item);
    const rid = old ? old._rid : this.nextRid();
    const stored = {
      ...item,
      _rid: rid,
      _self: `${this.definition._self}/docs/${rid}/`,
      _etag: `"${randomUUID()}"`,
      _attachments: "attachments/",
      _ts: seconds(),
    };
    this.change({ key, id: item.id, item: stored, lsn: ++this.lsn });
    return stored;
  }

  nextRid() {
    this.rids += 1;
    return this.definition._rid + String(this.rids).padStart(10, "0");
  }

  /** Keep all changes that `work` makes, or none when it throws. They are recorded before the caller hears of them. */
  transaction(work) {
    const lsn = this.lsn;
    this.changes = [];
    try {
      const result = work();
      if (this.changes.length) this.record(this.counters(), this.changes.map(({ before, ...change }) => change));
      return result;
    } catch (error) {
      for (const { key, id, before } of this.changes.reverse()) this.place(key, id, before);
      this.lsn = lsn;
      throw error;
    }
  }

  change(change) {
    this.changes.push({ ...change, before: this.partitions.get(change.key)?.get(change.id) });
    this.redo(change);
  }

  /** Make a change again that was recorded: without an item it is a deletion. */
  redo({ key, id, item, lsn }) {
    this.place(key, id, item && { item, lsn });
  }

  place(key, id, entry) {
    if (!this.partitions.has(key)) this.partitions.set(key, new Map());
    const entries = this.partitions.get(key);
    if (entry) entries.set(id, entry);
    else entries.delete(id);
    if (!entries.size) this.partitions.delete(key);
  }

  counters() {
    return { lsn: this.lsn, rids: this.rids };
  }

  /** List the changes that make this store again. */
  snapshot() {
    return [...this.partitions].flatMap(([key, entries]) =>
      [...entries].filter(([, { item }]) => this.isAlive(item)).map(([id, entry]) => ({ key, id, ...entry })),
    );
  }
}

module.exports = { LARGEST, Store };
