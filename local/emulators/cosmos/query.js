// @ts-check
"use strict";

// What the engine does not know is taken out of the text of the outermost query and done around it:
// OFFSET LIMIT and DISTINCT on the result, NOT IN and LIKE in other words. In a subquery they are refused as syntax errors.
const { engine } = require("./engine");
const { badRequest, orBadRequest } = require("./errors");

const LITERAL = /'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"/g;
// eslint-disable-next-line no-control-regex -- U+0001 is in no query, so it marks where a literal stood
const MARKED_LITERAL = /\u0001(\d+)\u0001/g;
const OFFSET_LIMIT = /\s+OFFSET\s+(\S+)\s+LIMIT\s+(\S+)\s*$/i;
const SELECT_DISTINCT = /^(\s*SELECT\s+)DISTINCT\s+/i;
const GROUP_BY = /\bGROUP\s+BY\b/i;
const OPERAND = "((?:@?\\w+)(?:\\.\\w+|\\[[^\\]]*\\])*)";
const NOT_IN = new RegExp(`${OPERAND}\\s+NOT\\s+IN\\s*(\\([^)]*\\))`, "gi");
const LIKE = new RegExp(`${OPERAND}\\s+(NOT\\s+)?LIKE\\s+(\u0001\\d+\u0001|@\\w+)`, "gi");
const MOST_COMPILED = 500;

/** Split a query into the text that the engine understands and what is done around it. */
function prepared(sql) {
  const literals = [];
  let text = sql.replace(LITERAL, (literal) => `\u0001${literals.push(literal) - 1}\u0001`);
  if (GROUP_BY.test(text)) throw new Error("GROUP BY is not emulated: aggregate in code");
  const [, offset, limit] = OFFSET_LIMIT.exec(text) || [];
  const distinct = SELECT_DISTINCT.test(text);
  text = text
    .replace(OFFSET_LIMIT, "")
    .replace(SELECT_DISTINCT, "$1")
    .replace(NOT_IN, "(NOT ($1 IN $2))")
    .replace(LIKE, (_, operand, not, pattern) => `(${not || ""}LIKE__(${operand}, ${pattern}))`)
    .replace(MARKED_LITERAL, (_, index) => literals[index]);
  return { query: engine(text), offset, limit, distinct };
}

const compiled = new Map();

function compile(sql) {
  if (!compiled.has(sql)) {
    if (compiled.size >= MOST_COMPILED) compiled.clear();
    compiled.set(sql, prepared(sql));
  }
  return compiled.get(sql);
}

function unique(results) {
  const seen = new Map(results.map((result) => [JSON.stringify(result), result]));
  return [...seen.values()];
}

function number(text, parameters) {
  const value = text.startsWith("@") ? parameters.find(({ name }) => name === text)?.value : Number(text);
  if (!Number.isInteger(value) || value < 0) throw new Error(`OFFSET and LIMIT need whole numbers, not ${text}`);
  return value;
}

/** Cut one page out of all results; the continuation says how many were given before. */
function pageOf(results, { continuation, maxItemCount }) {
  const start = continuation ? continuation.skip : 0;
  const end = start + (maxItemCount > 0 ? maxItemCount : results.length);
  return { result: results.slice(start, end), continuation: end < results.length ? { skip: end } : null };
}

function execute(sql, items, parameters, options) {
  const { query, offset, limit, distinct } = compile(sql);
  if (!distinct && limit === undefined) return query.exec(items, { parameters, ...options });
  const { udf, compositeIndexes } = options;
  let results = query.exec(items, { parameters, udf, compositeIndexes }).result;
  if (distinct) results = unique(results);
  if (limit !== undefined) {
    const start = number(offset, parameters);
    results = results.slice(start, start + number(limit, parameters));
  }
  return pageOf(results, options);
}

/** An index serves its own order and the inverse one; the engine knows the declared one only. */
function bothDirections(indexes) {
  const inverse = ({ path, order }) => ({ path, order: order === "descending" ? "ascending" : "descending" });
  return indexes.concat(indexes.map((index) => index.map(inverse)));
}

/** Run a query over items; returns one page and how to go on. */
function run({ query, parameters = [] }, items, options = {}) {
  if (typeof query !== "string") throw badRequest("The request body holds no query");
  const compositeIndexes = bothDirections(options.compositeIndexes || []);
  return orBadRequest(() => execute(query, items, parameters, { ...options, compositeIndexes }));
}

/** Tell whether an item meets the condition of a patch, such as: FROM c WHERE c.n >= 1. */
function holds(condition, item) {
  return run({ query: `SELECT * ${condition}` }, [item]).result.length > 0;
}

module.exports = { holds, run };
