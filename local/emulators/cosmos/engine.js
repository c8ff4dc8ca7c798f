// @ts-check
"use strict";

// The query engine of the package, made faster and completed. It is changed in place, once, when this file is loaded.
const engine = require("@zeit/cosmosdb-query").default;
const functions = require("@zeit/cosmosdb-query/lib/builtin-functions");
const helpers = require("@zeit/cosmosdb-query/lib/helpers");

/** Copy a value without its undefined parts. The package's own does so by way of JSON text. */
function withoutUndefined(value) {
  if (Array.isArray(value)) return value.filter((element) => element !== undefined).map(withoutUndefined);
  if (value === null || typeof value !== "object") return value;
  const present = Object.entries(value).filter(([, member]) => member !== undefined);
  return Object.fromEntries(present.map(([name, member]) => [name, withoutUndefined(member)]));
}
Object.assign(helpers, { stripUndefined: withoutUndefined });

// The generated code copies the list of results for every item: with 20,000 items a query took 2.8 s.
const queryClass = Object.getPrototypeOf(engine("SELECT * FROM c"));
const { get: generated } = /** @type {{ get(): string }} */ (Object.getOwnPropertyDescriptor(queryClass, "code"));
const COPY_AND_APPEND = /\? \[\.\.\.\$, (\{[^{}]*\})\] : \$, \[\]\)/g;
// What is no array has no entries to iterate over: the generated code throws for a text or a number.
const ENTRIES_OF = /\(([\w.[\]"']+) \|\| \[\]\)\.map\(/g;
Object.defineProperty(queryClass, "code", {
  get() {
    const code = generated.call(this).replace(COPY_AND_APPEND, "? ($.push($1), $) : $, [])");
    return code.replace(ENTRIES_OF, "(Array.isArray($1) ? $1 : []).map(");
  },
});

/** Make a function of two texts that ignores case when its third argument is true. */
function comparison(test) {
  return (text, part, ignoreCase) => {
    if (typeof text !== "string" || typeof part !== "string") return undefined;
    return ignoreCase === true ? test(text.toLowerCase(), part.toLowerCase()) : test(text, part);
  };
}

/** Match a text with a pattern of LIKE: % is any text, _ any character. */
function like(text, pattern) {
  if (typeof text !== "string" || typeof pattern !== "string") return undefined;
  const literal = pattern.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
  return new RegExp(`^${literal.replace(/%/g, "[\\s\\S]*").replace(/_/g, "[\\s\\S]")}$`).test(text);
}

Object.assign(functions, {
  STARTSWITH: comparison((text, part) => text.startsWith(part)),
  ENDSWITH: comparison((text, part) => text.endsWith(part)),
  CONTAINS: comparison((text, part) => text.includes(part)),
  STRINGEQUALS: comparison((text, other) => text === other),
  IS_INTEGER: (value) => Number.isInteger(value),
  OBJECTTOARRAY: (value) => (functions.IS_OBJECT(value) ? Object.entries(value).map(([k, v]) => ({ k, v })) : undefined),
  IIF: (condition, yes, no) => (condition === true ? yes : no),
  GETCURRENTTIMESTAMP: () => Date.now(),
  GETCURRENTDATETIME: () => new Date().toISOString().replace("Z", "0000Z"),
  LIKE__: like,
});

module.exports = { engine };
