// @ts-check
// Another access code for a resident whose code was seen by others. It is shown once, on the card, and kept nowhere.
import { call } from "../shared/api.js";
import { sending, textOf } from "../shared/forms.js";
import { place, say } from "../shared/page.js";

const WITHOUT_DOCUMENT = ["questions", "other"];
let reference = "";

/** Prepare the form. */
export function listen() {
  place("reissuing").addEventListener("change", askForNote);
  sending(place("reissuing", HTMLFormElement), async (id) => {
    const asked = reference;
    const note = place("check-note", HTMLInputElement).value.trim();
    const body = { reference, id, checked: checked(), ...(note && { note }) };
    /** @type {Api.Reissued} */
    const { accessCode } = await call("POST", "/api/staff/requests/access-codes", body);
    if (asked !== reference) return;
    say("");
    place("new-code").textContent = accessCode.replace(/(.{4})(?=.)/, "$1 ");
    place("reissuing").hidden = true;
    place("reissued").hidden = false;
    place("reissued").focus();
  });
}

/**
 * Be ready for a household, without the code of the one before; a card from the roster has no connection.
 * @param {Staff.Card | null} card
 */
export function fill(card) {
  reference = card?.reference ?? "";
  place("new-code").textContent = "";
  place("reissuing", HTMLFormElement).reset();
  askForNote();
  place("reissuing").hidden = false;
  place("reissued").hidden = true;
  place("reissue", HTMLDetailsElement).open = false;
  place("reissue").hidden = !card || Boolean(card.offline);
}

function askForNote() {
  place("check-note", HTMLInputElement).required = WITHOUT_DOCUMENT.includes(checked());
}

function checked() {
  return textOf(place("reissuing", HTMLFormElement), "/checked");
}
