// The appointments as a plain list: for who uses no grid, for narrow screens, and on paper.

import { repeat } from "/vendor/lit-html-3.3.3/directives/repeat.js";
import { html, nothing } from "/vendor/lit-html-3.3.3/lit-html.js";
import { locale, t } from "../scripts/texts.js";
import { clock, closingClock, dateOf, shortDate, zoneName } from "../scripts/times.js";
import { askToDelete, openAppointment } from "./dialog_state.js";
import { overrideText } from "./override_text.js";
import { contactsView, statusView } from "./parts.js";
import { columns, hasSeveralZones, isFound, isShown } from "./shown.js";
import { state } from "./state.js";

/** @typedef {import("./state.js").Appointment} Appointment */
/** @typedef {import("./state.js").Column} Column */
/** @typedef {import("./state.js").Override} Override */

export function listView() {
  return html`<section class="list" aria-labelledby="list-title" aria-busy=${state.appointments === null}>
    <h2 id="list-title">${t("desk.list")}</h2>
    ${repeat(columns(), ({ id }) => id, doctorView)}
  </section>`;
}

/** @param {Column} doctor */
function doctorView({ id, name, time_zone }) {
  const own = (state.appointments ?? []).filter((each) => each.doctor_id === id && isShown(each));
  const zone = hasSeveralZones() ? ` (${zoneName(time_zone, Date.now(), locale)})` : "";
  return html`<section class="doctor" aria-labelledby=${`list-${id}`}>
    <h3 id=${`list-${id}`}><bdi>${name}</bdi>${zone}</h3>
    ${overridesView(id)}
    ${own.length === 0 ? html`<p class="small">${emptyText()}</p>` : tableOf(own, id)}
    ${own.length > 0 && !own.some(isFound) ? html`<p class="small on-screen">${t("desk.none_found")}</p>` : nothing}
  </section>`;
}

function emptyText() {
  return t(state.appointments === null ? "searching" : "desk.none");
}

/**
 * What is not searched for is printed, too.
 * @param {Appointment[]} appointments
 * @param {string} doctorId
 */
function tableOf(appointments, doctorId) {
  const heads = ["desk.time", "desk.patient", "desk.contact", "details.reason", "desk.status"];
  return html`<table class=${appointments.some(isFound) ? nothing : "on-paper"} aria-labelledby=${`list-${doctorId}`}>
    <thead><tr>${heads.map((head) => html`<th scope="col">${t(head)}</th>`)}</tr></thead>
    <tbody>${repeat(appointments, ({ id }) => id, rowOf)}</tbody>
  </table>`;
}

/** @param {Appointment} appointment */
function rowOf(appointment) {
  const { patient, reason, id } = appointment;
  return html`<tr class=${isFound(appointment) ? nothing : "on-paper"}>
    <td>${state.span === "week" ? dayOf(appointment) : nothing}${timeOf(appointment)}</td>
    <th scope="row"><button type="button" class="link" data-row=${id}
      @click=${() => openAppointment(appointment)}>${patient.name}</button></th>
    <td>${contactsView(patient)}</td>
    <td class="reason" dir="auto">${reason ?? nothing}</td>
    <td>${statusView(appointment)}</td>
  </tr>`;
}

/** @param {{ start: string, end: string, time_zone: string }} appointment */
function timeOf({ start, end, time_zone }) {
  return `${clock(start, time_zone, locale)}–${closingClock(end, time_zone, locale)}`;
}

/** @param {Appointment} appointment */
function dayOf({ start, time_zone }) {
  return html`${shortDate(dateOf(start, time_zone), locale)}<br>`;
}

/** @param {string} doctorId */
function overridesView(doctorId) {
  const own = state.overrides.filter(({ doctor_id }) => doctor_id === doctorId);
  if (own.length === 0) return nothing;
  return html`<ul class="overrides">${repeat(own, ({ override_id }) => override_id, overrideView)}</ul>`;
}

/** @param {Override} override */
function overrideView(override) {
  const text = overrideText(override);
  return html`<li><span>${text}</span>
    <button type="button" data-override=${override.override_id} ?disabled=${state.isSending}
      aria-label=${t("desk.delete_what", { what: text })}
      @click=${() => askToDelete(override)}>${t("desk.delete")}</button></li>`;
}
