// @ts-check
// Tables (CSV): saved as files, and taken up after a look at what they say.
import { Refused, sent } from "../shared/api.js";
import { element, place, say, sayProblem, t } from "../shared/page.js";


/**
 * Prepare the links of tables and the form that takes them.
 * @param {Staff.Office} office
 */
export function listen(office) {
  for (const button of /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll("[data-table]"))) {
    button.addEventListener("click", () => save(addressOf(button.dataset.table ?? "", office), button.textContent ?? "").catch(sayProblem));
  }
  const form = place("take-table");
  form.addEventListener("change", () => look(office).catch(sayProblem));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    take(office).catch(sayProblem);
  });
}

/** @param {string} table @param {Staff.Office} office */
function addressOf(table, office) {
  if (table === "sites" || table === "b-plo") return `/api/pickup/${table}.csv`;
  return office.address(`${table}.csv`);
}

/** @param {string} address @param {string} title */
async function save(address, title) {
  const content = await (await sent("GET", address)).blob();
  const link = element("a", { href: URL.createObjectURL(content), download: `${title.trim()}_${new Date().toISOString().slice(0, 10)}.csv` });
  link.click();
  URL.revokeObjectURL(link.href);
}

/** @param {Staff.Office} office */
async function look(office) {
  place("table-problems").replaceChildren();
  place("take", HTMLButtonElement).disabled = true;
  const found = await post(office, "?dryRun=true");
  if (!found) return;
  place("take", HTMLButtonElement).disabled = false;
  say(t("supplies.table_fits", { n: found.entries }));
}

/** @param {Staff.Office} office */
async function take(office) {
  const found = await post(office, "");
  if (!found) return;
  place("take-table", HTMLFormElement).reset();
  place("take", HTMLButtonElement).disabled = true;
  await office.refresh(office.site?.site.id);
  say(t("supplies.table_taken", { n: found.entries }), "done");
}

/**
 * Send the table that was chosen; null where there is none, where it is too large, or where the server refuses it and says why.
 * @param {Staff.Office} office @param {string} query
 * @returns {Promise<Api.Taken | null>}
 */
async function post(office, query) {
  const file = place("table-file", HTMLInputElement).files?.[0];
  if (!file) return null;
  if (file.size > Number(place("table-file").dataset.mostBytes)) {
    say(t("supplies.table_too_large"), "problem");
    return null;
  }
  const address = addressOf(place("table-kind", HTMLSelectElement).value, office) + query;
  try {
    return await (await sent("POST", address, { body: await file.arrayBuffer(), type: "text/csv" })).json();
  } catch (error) {
    if (!(error instanceof Refused && error.problem.code === "sheet_refused")) throw error;
    say(error.problem.detail ?? "", "problem");
    place("table-problems").replaceChildren(problems(error.problem.errors ?? []));
    return null;
  }
}

/** @param {Api.FieldProblem[]} errors */
function problems(errors) {
  const head = ["row", "column", "mend"].map((key) => element("th", { scope: "col" }, t(`supplies.head.${key}`)));
  const rows = errors.map((error) => element("tr", {}, element("td", {}, String(error.line)), element("td", {}, error.column ?? ""), element("td", {}, error.message)));
  return element("table", {}, element("thead", {}, element("tr", {}, ...head)), element("tbody", {}, ...rows));
}
