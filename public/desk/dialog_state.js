// Which dialog is open, and what is typed into it.

import clinic from "/clinic.js";
import { get } from "../scripts/api.js";
import { dateOf, wallClock } from "../scripts/times.js";
import { attempt } from "./flow.js";
import { today, visibleDoctors, wallSpan, zoneOf } from "./shown.js";
import { state, update } from "./state.js";
import { minutesBetween } from "./wall.js";

/** @typedef {import("./state.js").Appointment} Appointment */
/** @typedef {import("./state.js").Draft} Draft */
/** @typedef {import("./state.js").Kind} Kind */

const NOON = "12:00";
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

/**
 * Begin an appointment, at a time that was pointed at or at the next quarter of an hour.
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
  open("walk_in", { doctor_id, service_id, date: today() }, null, RUSHED);
}

/**
 * Begin time off or extra hours.
 * @param {string} [doctor_id]
 */
export function beginOverride(doctor_id = firstDoctor()) {
  open("override", { doctor_id, date: state.date, last: state.date });
}

/** @param {Appointment} appointment */
export function openAppointment(appointment) {
  open("view", {}, appointment);
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
  open(kind, { ...now, ...wanted }, appointment);
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
  const draft = { ...dialog.draft, ...typed };
  const offered = state.doctors?.find(({ id }) => id === draft.doctor_id)?.services ?? [];
  if (!offered.includes(draft.service_id)) draft.service_id = "";
  update({ dialog: { ...dialog, allow, draft } });
}

/**
 * Close the dialog, and say what came of it.
 * @param {string} notice
 */
export function closeDialog(notice) {
  update({ notice, refusal: null });
  document.querySelector("dialog")?.close();
}

/** The browser has closed it. What is without an answer can still be sent again. */
export function forgetDialog() {
  update({ dialog: null, problem: null });
}

/**
 * @param {Kind} kind
 * @param {Partial<Draft>} known
 * @param {Appointment | null} [appointment]
 * @param {string[]} [allow]
 */
function open(kind, known, appointment = null, allow = []) {
  if (state.isSending || state.request !== null) return; // The page says what it waits for.
  const draft = { ...EMPTY, ...known };
  const dialog = { kind, draft, appointment, allow, made: null };
  update({ dialog, refusal: null, problem: null, notice: null });
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
  if (state.date !== dateOf(Date.now(), zone)) return NOON;
  return wallClock(Math.ceil(Date.now() / QUARTER_MS) * QUARTER_MS, zone).slice(11, 16);
}
