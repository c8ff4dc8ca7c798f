"use strict";
// Starts Azurite in this process, and ends it when standard input closes: so it never outlives who started it.
process.stdin.on("end", () => process.exit(0)).on("error", () => process.exit(0)).resume();
process.stdin.unref(); // an open input alone keeps nothing running after SIGTERM
require("azurite/dist/src/azurite.js");
