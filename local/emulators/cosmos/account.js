// @ts-check
"use strict";

// Databases, containers and user-defined functions are the package's; their items are in our stores.
// A record of the journal is one of
//   { list, count, define }         a definition was created or replaced in a list such as ["dbs", "d", "colls"]
//   { list, remove }                it was deleted
//   { list, count }                 how many the list has numbered so far, so that no number is given twice
//   { container, counters, changes }   one transaction on items
const PackageAccount = require("@vercel/cosmosdb-server/lib/account").default;
const { NO_JOURNAL } = require("./journal");
const { Store } = require("./store");

const CHANGES_PER_RECORD = 100;

/** The account: everything that is kept. */
class Account {
  constructor(host, port) {
    this.definitions = new PackageAccount(host, port);
    this.stores = new Map(); // by the _rid of the container, which stays when a container is replaced
    /** @type {{ append(record: object): void }} */
    this.journal = NO_JOURNAL;
  }

  /** Take over what the journal holds, and keep everything from now on. */
  keepIn(journal) {
    for (const record of journal.records()) this.redo(record);
    journal.restart(this.snapshot());
    this.journal = journal;
  }

  /** Describe the account. The package advertises https, which this server does not speak. */
  describe() {
    return JSON.parse(JSON.stringify(this.definitions.read()).replace(/https:/g, "http:"));
  }

  /** Return a container's definition, items and functions; undefined where there is none. */
  container(databaseId, containerId) {
    const collection = this.definitions.database(databaseId).collection(containerId);
    const definition = collection.read();
    if (!definition) return undefined;
    const store = this.storeOf(definition, [databaseId, containerId]);
    return { definition, store, functions: collection.userDefinedFunctions.functions };
  }

  storeOf(definition, container) {
    const { _rid: rid } = definition;
    if (!this.stores.has(rid)) {
      const record = (counters, changes) => this.journal.append({ container, counters, changes });
      this.stores.set(rid, new Store(record));
    }
    const store = this.stores.get(rid);
    store.definition = definition;
    return store;
  }

  /** Record that a definition was created or replaced. */
  defined(list, definition) {
    this.journal.append({ list, count: this.listAt(list)._ridCount, define: definition });
  }

  /** Record that a definition was deleted. */
  removed(list, id) {
    this.journal.append({ list, remove: id });
    this.forgetStores();
  }

  /** @returns {any} what the package keeps such a list in */
  listAt([, databaseId, , containerId]) {
    if (!databaseId) return this.definitions.databases;
    const database = this.definitions.database(databaseId);
    return containerId ? database.collection(containerId).userDefinedFunctions : database.collections;
  }

  redo({ list, count, define, remove, container, counters, changes }) {
    if (container) return this.redoChanges(container, counters, changes);
    const definitions = this.listAt(list);
    if (count !== undefined) definitions._ridCount = count;
    if (remove !== undefined) definitions.delete(remove, remove);
    if (define === undefined) return undefined;
    definitions._set(define);
    // The package keeps a function beside its text, compiled.
    if (definitions.functions) definitions.functions[define.id] = new Function(`"use strict";return (${define.body})`)();
    return undefined;
  }

  redoChanges([databaseId, containerId], counters, changes) {
    const { store } = /** @type {{ store: Store }} */ (this.container(databaseId, containerId));
    for (const change of changes) store.redo(change);
    Object.assign(store, counters);
  }

  /** List the records that make this account again. */
  *snapshot() {
    yield* this.snapshotOf(["dbs"]);
    for (const database of this.idsIn(["dbs"])) {
      const containers = ["dbs", database, "colls"];
      yield* this.snapshotOf(containers);
      for (const id of this.idsIn(containers)) {
        yield* this.snapshotOf([...containers, id, "udfs"]);
        yield* this.snapshotOfItems([database, id]);
      }
    }
  }

  *snapshotOf(list) {
    const definitions = this.listAt(list);
    yield { list, count: definitions._ridCount };
    for (const definition of definitions._data.values()) yield { list, define: definition.read() };
  }

  *snapshotOfItems(container) {
    const [databaseId, containerId] = container;
    const { store } = /** @type {{ store: Store }} */ (this.container(databaseId, containerId));
    const changes = store.snapshot();
    yield { container, counters: store.counters(), changes: [] };
    for (let start = 0; start < changes.length; start += CHANGES_PER_RECORD) {
      yield { container, changes: changes.slice(start, start + CHANGES_PER_RECORD) };
    }
  }

  idsIn(list) {
    return [...this.listAt(list)._data.values()].map((definition) => definition.read().id);
  }

  forgetStores() {
    const kept = new Set();
    for (const database of this.definitions.databases._data.values()) {
      for (const rid of database.collections._data.keys()) kept.add(rid);
    }
    for (const rid of this.stores.keys()) if (!kept.has(rid)) this.stores.delete(rid);
  }
}

module.exports = { Account };
