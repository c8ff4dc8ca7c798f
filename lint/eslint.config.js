// What `make lint` asks of our JavaScript. Types are the matter of TypeScript, imports that of dependency-cruiser.
const js = require("@eslint/js");
const globals = require("globals");

module.exports = [
  { ignores: ["web/static/vendor/**"] },
  js.configs.recommended,
  {
    linterOptions: { reportUnusedDisableDirectives: "error" },
    rules: {
      eqeqeq: "error",
      "no-unused-vars": ["error", { ignoreRestSiblings: true }],
      "no-var": "error",
      "prefer-const": "error",
    },
  },
  { files: ["web/static/**"], languageOptions: { sourceType: "module", globals: globals.browser } },
  { files: ["web/static/staff/worker.js"], languageOptions: { sourceType: "script", globals: globals.serviceworker } },
  { files: ["local/emulators/**", "lint/**"], languageOptions: { sourceType: "commonjs", globals: globals.node } },
];
