// Which dialog is open, and what is typed into it.

import clinic from "/clinic.js";
import { get } from "../scripts/api.js";
import { locale, t } from "../scripts/texts.js";
import { clock, dateOf, shortDate, wallClock } from "../scripts/times.js";
import { attempt } from "./flow.js";
import { today, visibleDoctors, wallSpan, zoneOf } from "./shown.js";
import { state, update } from "./state.js";
import { minutesBetween } from "./wall.js";

/** @typedef {import("./state.js").Appointment} Appointment */
/** @typedef {import("./state.js").Draft} Draft */
/** @typedef {import("./state.js").Dialog} Dialog */
/** @typedef {import("./state.js").Kind} Kind */
/** @typedef {import("./state.js").Override} Override */

const QUARTER_MS = 15 * 60_000;
const RUSHED = ["in_the_past", "too_soon"]; // Who stands there has no notice to keep.

/** @type {Draft} */
const EMPTY = {
  doctor_id: "",
  date: "",
  time: "",
  minutes: String(clinic.lengths[0]),
  service_id: "",
  name: "",
  email: "",
  phone: "",
  reason: "",
  kind: "time_off",
  last: "",
  until: "",
  note: "",
};

/** @type {Omit<Dialog, "kind" | "draft" | "made">} */
const BLANK = { appointment: null, allow: [], override: null, chosen: null, isTyped: false };

/**
 * Begin an appointment, at a time that was pointed at or today at the next quarter of an hour.
 * @param {Partial<Draft>} [known]
 */
export function beginBooking(known = {}) {
  const doctor_id = known.doctor_id ?? firstDoctor();
  const service_id = known.minutes ? "" : (serviceOf(doctor_id) ?? "");
  open("book", { doctor_id, date: state.date, time: nextQuarter(doctor_id), service_id, ...known });
}

/** Begin an appointment of somebody who stands at the desk. */
export function beginWalkIn() {
  const doctor_id = firstDoctor();
  const service_id = serviceOf(doctor_id) ?? "";
  open("walk_in", { doctor_id, service_id, date: today() }, { allow: RUSHED });
}

/**
 * Begin time off or extra hours.
 * @param {string} [doctor_id]
 */
export function beginOverride(doctor_id = firstDoctor()) {
  open("override", { doctor_id, date: state.date, last: state.date });
}

/** Ask whether time off or extra hours shall be deleted. @param {Override} override */
export function askToDelete(override) {
  open("delete_override", {}, { override });
}

/** @param {Appointment} appointment */
export function openAppointment(appointment) {
  open("view", {}, { appointment });
}

/**
 * Open an appointment that may lie on another day.
 * @param {string} id
 */
export async function openById(id) {
  await attempt(async () => {
    openAppointment(await get("get_appointment", { appointment_id: id }));
  });
}

/**
 * Go on to what is to be done with an appointment.
 * @param {Appointment} appointment
 * @param {Kind} kind
 * @param {Partial<Draft>} [wanted]
 */
export function turnTo(appointment, kind, wanted = {}) {
  const { from, to } = wallSpan(appointment);
  const { name, email, phone } = appointment.patient;
  const now = {
    doctor_id: appointment.doctor_id,
    date: from.slice(0, 10),
    time: from.slice(11, 16),
    minutes: String(minutesBetween(from, to)),
    service_id: appointment.service_id ?? "",
    name,
    email: email ?? "",
    phone: phone ?? "",
    // What is typed on "cancel" is why it is cancelled, and not why the patient wanted to come.
    reason: kind === "cancel" ? "" : (appointment.reason ?? ""),
  };
  open(kind, { ...now, ...wanted }, { appointment });
}

/**
 * Type into the dialog. Another time or doctor has other rules to break.
 * @param {Partial<Draft>} typed
 */
export function type(typed) {
  const { dialog } = state;
  if (dialog === null) return;
  const isOther = Object.keys(typed).some((name) => /^(doctor_id|date|time|minutes)$/.test(name));
  const allow = isOther && dialog.kind !== "walk_in" ? [] : dialog.allow;
  const chosen = isOther ? null : dialog.chosen;
  const draft = { ...dialog.draft, ...typed };
  const offered = state.doctors?.find(({ id }) => id === draft.doctor_id)?.services ?? [];
  if (!offered.includes(draft.service_id)) draft.service_id = "";
  // A later time of today was of the other doctor.
  if (dialog.kind === "walk_in" && typed.doctor_id && !typed.time) draft.time = "";
  update({ dialog: { ...dialog, allow, chosen, draft, isTyped: true } });
}

/**
 * Choose an opening instead of what was refused. Whoever stands there may wait for a later one of today.
 * @param {import("./state.js").Schemas["Opening"]} opening
 */
export function choose({ doctor_id, start, time_zone }) {
  const { dialog } = state;
  if (dialog === null) return;
  const date = dateOf(start, time_zone);
  const chosen = insteadText(dialog.draft, start, time_zone);
  const isToday = date === dateOf(Date.now(), time_zone);
  const kind = dialog.kind === "walk_in" && !isToday ? "book" : dialog.kind;
  update({ dialog: { ...dialog, kind } });
  type({ doctor_id, date, time: wallClock(start, time_zone).slice(11, 16) });
  if (state.dialog) update({ dialog: { ...state.dialog, chosen }, problem: null });
}

/**
 * Close the dialog, and say what came of it. Whoever goes through a list of appointments comes back to it.
 * @param {string} notice
 */
export function closeDialog(notice) {
  update({ notice, refusal: null });
  if (!backToList()) document.querySelector("dialog")?.close();
}

/** Turn back to the appointments that lie in a new time off; return whether there are any. */
export function backToList() {
  const { dialog } = state;
  const isAmong = dialog?.made && dialog.made.affected_count > 0 && dialog.kind !== "affected";
  if (!isAmong || state.request !== null) return false;
  update({
    dialog: { ...dialog, kind: "affected", appointment: null, isTyped: false },
    problem: null,
  });
  return true;
}

/** The browser has closed it. What is without an answer can still be sent again. */
export function forgetDialog() {
  update({ dialog: null, problem: null });
}

/**
 * @param {Kind} kind
 * @param {Partial<Draft>} known
 * @param {Partial<Dialog>} [about]
 */
function open(kind, known, about = {}) {
  if (state.isSending || state.request !== null) return; // The page says what it waits for.
  const made = state.dialog?.made ?? null;
  const dialog = { ...BLANK, made, kind, draft: { ...EMPTY, ...known }, ...about };
  update({ dialog, refusal: null, problem: null, notice: null });
}

/**
 * Say what was chosen instead of what is typed, with the day where it is another one.
 * @param {Draft} draft
 * @param {string} start
 * @param {string} zone
 */
function insteadText({ date, time }, start, zone) {
  const before = time ? clock(`${date}T${time}Z`, "UTC", locale) : clock(Date.now(), zone, locale);
  const day = dateOf(start, zone);
  const named = day === date ? "" : `${shortDate(day, locale)}, `;
  return t("desk.chosen", { before, time: named + clock(start, zone, locale) });
}

function firstDoctor() {
  return state.span === "week" ? state.doctorId : (visibleDoctors()[0]?.id ?? "");
}

/** Return the first service of a doctor. @param {string} doctorId */
function serviceOf(doctorId) {
  return state.doctors?.find(({ id }) => id === doctorId)?.services[0];
}

/** @param {string} doctorId */
function nextQuarter(doctorId) {
  const zone = zoneOf(doctorId);
  if (state.date !== dateOf(Date.now(), zone)) return "";
  return wallClock(Math.ceil(Date.now() / QUARTER_MS) * QUARTER_MS, zone).slice(11, 16);
}
