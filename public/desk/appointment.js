// An appointment, and what can be done with it.

import { html, nothing } from "/vendor/lit-html-3.3.3/lit-html.js";
import { saveCalendarFile } from "../scripts/calendar_file.js";
import { locale, t } from "../scripts/texts.js";
import { clock, dateOf, shortDate } from "../scripts/times.js";
import { mark } from "./changes.js";
import { closeDialog, turnTo } from "./dialog_state.js";
import { attempt } from "./flow.js";
import {
  emailView,
  once,
  phoneView,
  problemView,
  sendingView,
  statusView,
  whenText,
} from "./parts.js";
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
  const { patient, reason, doctor_name, duration_minutes, service_id } = appointment;
  const service = state.services.find(({ id }) => id === service_id);
  return html`<h2 id="dialog-title" tabindex="-1">${patient.name}</h2>
    <p>${doctor_name}<br>${whenText(appointment)}<br>
      ${service ? html`<bdi>${service.name}</bdi>, ` : nothing}${t("minutes", { count: duration_minutes })}</p>
    <p>${statusView(appointment)}</p>
    <dl>
      ${patient.phone ? lineOf("details.phone", phoneView(patient.phone)) : nothing}
      ${patient.email ? lineOf("details.email", emailView(patient.email)) : nothing}
      ${reason ? lineOf("details.reason", html`<span class="reason" dir="auto">${reason}</span>`) : nothing}
    </dl>
    ${buttonsOf(appointment)} ${problemView(state.problem)} ${sendingView()}`;
}

/** @param {string} label a text's key @param {unknown} value */
function lineOf(label, value) {
  return html`<dt>${t(label)}</dt><dd>${value}</dd>`;
}

/** @param {Appointment} appointment */
function buttonsOf(appointment) {
  const { status } = appointment;
  return html`<p class="buttons">
      ${marksOf(appointment).map((to, at) =>
        button(`desk.mark.${to}`, () => begin(appointment, to), at === 0 ? "main" : ""),
      )}
    </p>
    ${tooEarlyView(appointment)}
    <p class="buttons">
      ${status === "booked" ? button("desk.move", () => turnTo(appointment, "move")) : nothing}
      ${status === "cancelled" ? nothing : button("desk.edit", () => turnTo(appointment, "edit"))}
      ${status === "booked" ? button("desk.cancel", () => turnTo(appointment, "cancel")) : nothing}
      ${button("mine.calendar", () => attempt(() => saveCalendarFile(appointment.id)))}
      ${button("desk.close", () => closeDialog(""))}
    </p>`;
}

/** Return what may be recorded now. @param {Appointment} appointment */
function marksOf({ status, start, time_zone }) {
  const isToday = dateOf(start, time_zone) <= dateOf(Date.now(), time_zone);
  const hasBegun = Date.parse(start) <= Date.now();
  return MARKS[status].filter((to) => (to === "no_show" ? hasBegun : isToday));
}

/** Say from when on the rest may be recorded. @param {Appointment} appointment */
function tooEarlyView(appointment) {
  const { status, start, time_zone } = appointment;
  const missing = MARKS[status].length - marksOf(appointment).length;
  if (missing === 0) return nothing;
  const text =
    missing === 1
      ? t("desk.missed_from", { time: clock(start, time_zone, locale) })
      : t("desk.marked_from", { day: shortDate(dateOf(start, time_zone), locale) });
  return html`<p class="small">${text}</p>`;
}

/** Record it; what has no way back is asked once more. @param {Appointment} appointment @param {Mark} to */
function begin(appointment, to) {
  return to === "arrived" ? mark(appointment, to) : turnTo(appointment, to);
}

/** @param {string} label a text's key @param {() => unknown} act @param {string} [look] */
function button(label, act, look = "") {
  return html`<button type="button" class=${look || nothing} ?disabled=${state.isSending || state.request !== null}
    @click=${once(act)}>${t(label)}</button>`;
}
