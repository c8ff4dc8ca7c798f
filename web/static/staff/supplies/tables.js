// Tables (CSV): saved as files, and taken up after a look at what they say.
import { Refused, sent } from "../shared/api.js";
import { element, say, sayProblem, t } from "../shared/page.js";

const place = (id) => document.getElementById(id);

/** Prepare the links of tables and the form that takes them. */
export function listen(office) {
  for (const button of document.querySelectorAll("[data-table]")) {
    button.addEventListener("click", () => save(addressOf(button.dataset.table, office), button.textContent).catch(sayProblem));
  }
  const form = place("take-table");
  form.addEventListener("change", () => look(office).catch(sayProblem));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    take(office).catch(sayProblem);
  });
}

function addressOf(table, office) {
  if (table === "sites" || table === "b-plo") return `/api/pickup/${table}.csv`;
  return `/api/pickup/sites/${office.site.site.id}/${table}.csv`;
}

async function save(address, title) {
  const content = await (await sent("GET", address)).blob();
  const link = element("a", { href: URL.createObjectURL(content), download: `${title.trim()}_${new Date().toISOString().slice(0, 10)}.csv` });
  link.click();
  URL.revokeObjectURL(link.href);
}

async function look(office) {
  place("table-problems").replaceChildren();
  place("take").disabled = true;
  const file = place("table-file").files[0];
  if (!file) return;
  const found = await post(office, file, "?dryRun=true");
  if (!found) return;
  place("take").disabled = false;
  say(t("supplies.table_fits", { n: found.entries }));
}

async function take(office) {
  const found = await post(office, place("table-file").files[0], "");
  if (!found) return;
  place("take-table").reset();
  place("take").disabled = true;
  await office.refresh(office.site?.site.id);
  say(t("supplies.table_taken", { n: found.entries }), "done");
}

async function post(office, file, query) {
  const address = addressOf(place("table-kind").value, office) + query;
  try {
    return await (await sent("POST", address, { body: await file.arrayBuffer(), type: "text/csv" })).json();
  } catch (error) {
    if (!(error instanceof Refused && error.problem.code === "sheet_refused")) throw error;
    say(error.problem.detail, "problem");
    place("table-problems").replaceChildren(problems(error.problem.errors));
    return null;
  }
}

function problems(errors) {
  const head = ["row", "column", "mend"].map((key) => element("th", { scope: "col" }, t(`supplies.head.${key}`)));
  const rows = errors.map((error) => element("tr", {}, element("td", {}, String(error.line)), element("td", {}, error.column), element("td", {}, error.message)));
  return element("table", {}, element("thead", {}, element("tr", {}, ...head)), element("tbody", {}, ...rows));
}
