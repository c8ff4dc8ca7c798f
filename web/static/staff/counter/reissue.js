// Another access code for a resident whose code was seen by others. It is shown once, on the card, and kept nowhere.
import { call } from "../shared/api.js";
import { sending } from "../shared/forms.js";
import { say } from "../shared/page.js";

const WITHOUT_DOCUMENT = ["questions", "other"];
const place = (id) => document.getElementById(id);
let reference = "";

/** Prepare the form. */
export function listen() {
  place("reissuing").addEventListener("change", askForNote);
  sending(place("reissuing"), async (id) => {
    const asked = reference;
    const note = place("check-note").value.trim();
    const body = { reference, id, checked: checked(), ...(note && { note }) };
    const { accessCode } = await call("POST", "/api/staff/requests/access-codes", body);
    if (asked !== reference) return;
    say("");
    place("new-code").textContent = accessCode.replace(/(.{4})(?=.)/, "$1 ");
    place("reissuing").hidden = true;
    place("reissued").hidden = false;
    place("reissued").focus();
  });
}

/** Be ready for a household, without the code of the one before; a card from the roster has no connection. */
export function fill(card) {
  reference = card?.reference ?? "";
  place("new-code").textContent = "";
  place("reissuing").reset();
  askForNote();
  place("reissuing").hidden = false;
  place("reissued").hidden = true;
  place("reissue").open = false;
  place("reissue").hidden = !card || Boolean(card.offline);
}

function askForNote() {
  place("check-note").required = WITHOUT_DOCUMENT.includes(checked());
}

function checked() {
  return new FormData(place("reissuing")).get("/checked");
}
