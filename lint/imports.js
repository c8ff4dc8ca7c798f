// Which script may import which, as dependency-cruiser reads it; for Python, pyproject.toml says it.
const STAFF = "^web/static/staff";

module.exports = {
  forbidden: [
    {
      name: "no-circle",
      comment: "Two modules that import each other, by whatever way, are one.",
      severity: "error",
      from: {},
      to: { circular: true },
    },
    {
      name: "shared-knows-no-page",
      comment: "What pages share imports none of them.",
      severity: "error",
      from: { path: `${STAFF}/shared/` },
      to: { path: STAFF, pathNot: `${STAFF}/shared/` },
    },
    {
      name: "no-page-knows-another",
      comment: "The counter works without the scripts of supplies, and supplies without those of the counter.",
      severity: "error",
      from: { path: `${STAFF}/(counter|supplies)/` },
      to: { path: STAFF, pathNot: [`${STAFF}/$1/`, `${STAFF}/shared/`] },
    },
    {
      name: "found",
      comment: "Whatever is imported is there.",
      severity: "error",
      from: {},
      to: { couldNotResolve: true },
    },
  ],
  options: {
    doNotFollow: { path: ["node_modules", "^web/static/vendor"] },
    moduleSystems: ["es6", "cjs"],
  },
};
