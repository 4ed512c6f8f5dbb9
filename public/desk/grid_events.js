// What the grid shows, as EventCalendar wants it. Every column has the wall clock of its doctor.

import { wallClock } from "../scripts/times.js";
import { partsOf } from "./hours.js";
import { columns, dates, isFound, isInTimeOff, isShown, wallSpan } from "./shown.js";
import { state } from "./state.js";
import { addMinutes, DAY_MINUTES } from "./wall.js";

/** @typedef {import("./state.js").Appointment} Appointment */
/** @typedef {import("./state.js").Column} Column */

const AROUND = 60; // Minutes before the first and after the last hour of work.
const USUAL = { from: 8 * 60, to: 18 * 60 };

/** Return the doctors as columns. */
export function resources() {
  return columns().map(({ id, name }) => ({ id, title: name }));
}

/** Return the appointments, the hours that nobody works, and the present. */
export function events() {
  return [
    ...columns().flatMap((doctor) => dates().flatMap((date) => closedParts(doctor, date))),
    ...columns().map(present),
    ...(state.appointments ?? []).filter(isShown).map(eventOf),
  ];
}

/** Return the times of day that are shown: when anybody works, and a little more. */
export function limits() {
  const open = shownParts().filter(({ kind }) => kind !== "closed");
  const from = open.length > 0 ? Math.min(...open.map((part) => part.from)) : USUAL.from;
  const to = open.length > 0 ? Math.max(...open.map((part) => part.to)) : USUAL.to;
  const isWhole = (/** @type {number} */ at) => Math.floor(at / 60) * 60;
  return {
    slotMinTime: timeOf(Math.max(0, isWhole(from - AROUND))),
    slotMaxTime: timeOf(Math.min(DAY_MINUTES, isWhole(to + AROUND + 59))),
  };
}

/** Tell whether none of the shown doctors works on any of the shown dates. */
export function isClosed() {
  const isKnown = state.appointments !== null && columns().length > 0;
  return isKnown && shownParts().every(({ kind }) => kind !== "open");
}

function shownParts() {
  return columns().flatMap((doctor) =>
    dates().flatMap((date) => partsOf(doctor, date, state.overrides)),
  );
}

/** @param {Appointment} appointment */
function eventOf(appointment) {
  const { id, doctor_id, status } = appointment;
  const { from, to } = wallSpan(appointment);
  const isFaded = state.search !== "" && !isFound(appointment);
  return {
    id,
    start: from,
    end: to,
    resourceId: doctor_id,
    editable: status === "booked",
    classNames: [`is-${status}`, isFaded ? "is-faded" : "is-clear"],
    extendedProps: { appointment, isOff: isInTimeOff(appointment) },
  };
}

/** @param {Column} doctor @param {string} date */
function closedParts(doctor, date) {
  return partsOf(doctor, date, state.overrides)
    .filter(({ kind }) => kind !== "open")
    .map(({ from, to, kind }) => ({
      id: `${kind} ${doctor.id} ${date} ${from}`,
      start: addMinutes(`${date}T00:00:00`, from),
      end: addMinutes(`${date}T00:00:00`, to),
      resourceId: doctor.id,
      display: "background",
      classNames: [`is-${kind}`],
    }));
}

/** @param {Column} doctor */
function present({ id, time_zone }) {
  const now = `${wallClock(Date.now(), time_zone).slice(0, 16)}:00`;
  return {
    id: `now ${id}`,
    start: now,
    end: addMinutes(now, 1),
    resourceId: id,
    display: "background",
    classNames: ["is-now"],
  };
}

/** @param {number} minutes */
function timeOf(minutes) {
  const padded = (/** @type {number} */ part) => String(part).padStart(2, "0");
  return `${padded(Math.floor(minutes / 60))}:${padded(minutes % 60)}`;
}
