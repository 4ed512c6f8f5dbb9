// What is shown: which doctors, which dates, which appointments.

import { hasText, locale, t } from "../scripts/texts.js";
import { addDays, dateOf, firstWeekday, wallClock, weekdayOf } from "../scripts/times.js";
import { state } from "./state.js";
import { addMinutes, startOfDate } from "./wall.js";

/** @typedef {import("./state.js").Appointment} Appointment */
/** @typedef {import("./state.js").Column} Column */

const WEEK = 7;

/** Return the doctors that the person may see; a doctor sees themselves only. */
export function visibleDoctors() {
  const doctors = state.doctors ?? [];
  if (state.person?.role !== "doctor") return doctors;
  return doctors.filter(({ id }) => state.person?.doctorIds.includes(id));
}

/**
 * Return the doctors that are shown, with those who retired and still have appointments.
 * @returns {Column[]}
 */
export function columns() {
  const doctors = visibleDoctors();
  if (state.span === "week") return doctors.filter(({ id }) => id === state.doctorId);
  const known = new Set(doctors.map(({ id }) => id));
  const others = new Map(
    (state.appointments ?? [])
      .filter((appointment) => !known.has(appointment.doctor_id) && isShown(appointment))
      .map(({ doctor_id, doctor_name, time_zone }) => [
        doctor_id,
        { id: doctor_id, name: doctor_name, time_zone, working_hours: [] },
      ]),
  );
  return [...doctors, ...others.values()];
}

/** Return the dates that are shown. */
export function dates() {
  if (state.span === "day") return [state.date];
  const before = (weekdayOf(state.date) - firstWeekday(locale) + WEEK) % WEEK;
  const first = addDays(state.date, -before);
  return Array.from({ length: WEEK }, (_, at) => addDays(first, at));
}

/** Return today's date where the doctors are. */
export function today() {
  return dateOf(Date.now(), visibleDoctors()[0]?.time_zone ?? "UTC");
}

/** Return the shown time as the functions are asked for it: all of these dates in each zone. */
export function shownWindow() {
  const zones = [...new Set(visibleDoctors().map(({ time_zone }) => time_zone))];
  const shown = dates();
  const after = addDays(/** @type {string} */ (shown.at(-1)), 1);
  return {
    start: zones.map((zone) => startOfDate(shown[0], zone)).sort()[0],
    end: zones
      .map((zone) => startOfDate(after, zone))
      .sort()
      .at(-1),
  };
}

/**
 * Return when an appointment starts and ends on its doctor's wall clock. It is as long as it
 * really is, also where the clock is set back meanwhile.
 * @param {Appointment} appointment
 */
export function wallSpan({ start, time_zone, duration_minutes }) {
  const from = wallClock(start, time_zone);
  return { from, to: addMinutes(from, duration_minutes) };
}

/**
 * Tell whether an appointment lies on a date that is shown, on its doctor's calendar.
 * @param {Appointment} appointment
 */
export function isShown(appointment) {
  const { from, to } = wallSpan(appointment);
  const shown = dates();
  return from.slice(0, 10) <= (shown.at(-1) ?? "") && to > `${shown[0]}T00:00:00`;
}

/**
 * Tell whether an appointment is what is searched for, by name, telephone or e-mail.
 * @param {Appointment} appointment
 */
export function isFound({ patient }) {
  const words = plain(state.search).split(/\s+/).filter(Boolean);
  const digits = (patient.phone ?? "").replaceAll(/\D/g, "");
  const text = plain([patient.name, patient.email, patient.phone, digits].join(" "));
  return words.every((word) => text.includes(word));
}

/**
 * Tell whether an appointment that somebody will come to lies in time off of its doctor.
 * @param {Appointment} appointment
 */
export function isInTimeOff({ doctor_id, status, start, end }) {
  return (
    status === "booked" &&
    state.overrides.some(
      (each) =>
        each.kind === "time_off" && each.doctor_id === doctor_id && overlaps(each, { start, end }),
    )
  );
}

/**
 * @param {{ start: string, end: string }} one
 * @param {{ start: string, end: string }} other
 */
export function overlaps(one, other) {
  return (
    Date.parse(one.start) < Date.parse(other.end) && Date.parse(other.start) < Date.parse(one.end)
  );
}

/** Return a status in the words of the buttons that lead to it. @param {string} status */
export function statusText(status) {
  const own = `desk.mark.${status}`;
  return t(hasText(own) ? own : `status.${status}`);
}

/** Return a doctor's name. @param {string} id */
export function doctorName(id) {
  return columns().find((doctor) => doctor.id === id)?.name ?? id;
}

/** Return a doctor's zone. @param {string} id */
export function zoneOf(id) {
  return state.doctors?.find((doctor) => doctor.id === id)?.time_zone ?? "UTC";
}

/** Return whether the shown doctors' clocks differ today. */
export function hasSeveralZones() {
  const now = Date.now();
  return new Set(columns().map(({ time_zone }) => wallClock(now, time_zone))).size > 1;
}

/** @param {string} text */
function plain(text) {
  return text.normalize("NFKD").replaceAll(/\p{M}/gu, "").toLowerCase().trim();
}
