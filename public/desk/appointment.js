// An appointment, and what can be done with it.

import { html, nothing } from "/vendor/lit-html-3.3.3/lit-html.js";
import { saveCalendarFile } from "../scripts/calendar_file.js";
import { t } from "../scripts/texts.js";
import { mark } from "./changes.js";
import { closeDialog, turnTo } from "./dialog_state.js";
import { attempt } from "./flow.js";
import { problemView, sendingView, whenText } from "./parts.js";
import { state } from "./state.js";

/** @typedef {import("./state.js").Appointment} Appointment */
/** @typedef {"arrived" | "fulfilled" | "no_show"} Mark */

/** @type {Record<Appointment["status"], Mark[]>} what may follow */
const MARKS = {
  booked: ["arrived", "fulfilled", "no_show"],
  arrived: ["fulfilled"],
  fulfilled: [],
  no_show: [],
  cancelled: [],
};

/** @param {Appointment} appointment */
export function appointmentView(appointment) {
  const { patient, reason, status, doctor_name, duration_minutes, service_id } = appointment;
  const service = state.services.find(({ id }) => id === service_id);
  return html`<h2 id="dialog-title" tabindex="-1">${patient.name}</h2>
    <p>${doctor_name}<br>${whenText(appointment)}<br>
      ${service ? `${service.name}, ` : nothing}${t("minutes", { count: duration_minutes })}</p>
    <p><span class="status">${t(`status.${status}`)}</span></p>
    <dl>
      ${patient.phone ? lineOf("details.phone", html`<a href=${`tel:${patient.phone}`}>${patient.phone}</a>`) : nothing}
      ${patient.email ? lineOf("details.email", html`<a href=${`mailto:${encodeURIComponent(patient.email)}`}>${patient.email}</a>`) : nothing}
      ${reason ? lineOf("details.reason", html`<span class="reason">${reason}</span>`) : nothing}
    </dl>
    ${problemView(state.problem)} ${sendingView()} ${buttonsOf(appointment)}`;
}

/** @param {string} label a text's key @param {unknown} value */
function lineOf(label, value) {
  return html`<dt>${t(label)}</dt><dd>${value}</dd>`;
}

/** @param {Appointment} appointment */
function buttonsOf(appointment) {
  const { status } = appointment;
  return html`<p class="buttons">
      ${MARKS[status].map((to, at) =>
        button(`desk.mark.${to}`, () => mark(appointment, to), at === 0 ? "main" : ""),
      )}
    </p>
    <p class="buttons">
      ${status === "booked" ? button("desk.move", () => turnTo(appointment, "move")) : nothing}
      ${status === "cancelled" ? nothing : button("desk.edit", () => turnTo(appointment, "edit"))}
      ${status === "booked" ? button("desk.cancel", () => turnTo(appointment, "cancel")) : nothing}
      ${button("mine.calendar", () => attempt(() => saveCalendarFile(appointment.id)))}
      ${button("desk.close", () => closeDialog(""))}
    </p>`;
}

/** @param {string} label a text's key @param {() => unknown} act @param {string} [look] */
function button(label, act, look = "") {
  return html`<button type="button" class=${look || nothing} ?disabled=${state.isSending || state.request !== null}
    @click=${act}>${t(label)}</button>`;
}
