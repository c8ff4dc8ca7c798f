// @ts-check
"use strict";
// Starts Azurite in this process, and ends it when standard input closes: so it never outlives who started it.
process.stdin.on("end", () => process.exit(0)).on("error", () => process.exit(0)).resume();
process.stdin.unref(); // an open input alone keeps nothing running after SIGTERM

// Azurite writes what it holds every 5 seconds; a desk that is killed should lose less of its queues than that.
const Loki = require("lokijs");
const { autosaveEnable } = Loki.prototype;
Loki.prototype.autosaveEnable = function (options, callback) {
  this.autosaveInterval = 100;
  autosaveEnable.call(this, options, callback);
};

// In memory every message is an extent of its own, and the sweep of each minute stops all answers for seconds where
// thousands were sent: what lives no longer than a test run is not swept.
if (process.argv.includes("--inMemoryPersistence")) {
  const { default: QueueGCManager } = require("azurite/dist/src/queue/gc/QueueGCManager.js");
  QueueGCManager.prototype.markSweep = async () => {};
}

require("azurite/dist/src/azurite.js");
