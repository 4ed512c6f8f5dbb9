// The appointments that lie in a new time off: they stay booked until somebody moves them.

import { html, nothing } from "/vendor/lit-html-3.3.3/lit-html.js";
import { t } from "../scripts/texts.js";
import { addressOf } from "./address.js";
import { closeDialog, openAppointment } from "./dialog_state.js";
import { contactsView, whenText } from "./parts.js";
import { state } from "./state.js";

/** @typedef {import("./state.js").Appointment} Appointment */

/** @param {import("./state.js").Dialog["made"]} made */
export function affectedView(made) {
  if (made === null) return nothing;
  return html`<h2 id="dialog-title" tabindex="-1">${t("desk.saved.time_off")}</h2>
    <p role="status">${state.notice || nothing}</p>
    <p>${t("desk.affected", { count: made.affected_count })}</p>
    <ul class="affected">${made.affected.map(lineOf)}</ul>
    <p class="buttons"><button type="button" @click=${() => closeDialog("")}>${t("desk.close")}</button></p>`;
}

/** @param {Appointment} appointment */
function lineOf(appointment) {
  /** @param {MouseEvent} event */
  const open = (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return; // Another tab has it, and this list stays.
    event.preventDefault();
    openAppointment(appointment);
  };
  return html`<li><a href=${addressOf(appointment)} @click=${open}>${appointment.patient.name}</a><br>
    ${whenText(appointment)}<br>${contactsView(appointment.patient)}</li>`;
}
