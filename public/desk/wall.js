// Arithmetic on wall clocks. A wall time is YYYY-MM-DDTHH:MM:SS without a zone, minutes count from midnight.

import { wallClock } from "../scripts/times.js";

const MINUTE_MS = 60_000;
export const DAY_MINUTES = 1440;

/**
 * @param {string} wall
 * @param {number} minutes
 */
export function addMinutes(wall, minutes) {
  return wallText(asUtc(wall) + minutes * MINUTE_MS);
}

/**
 * Return the minutes from one wall time to another, however the clocks change between them.
 * @param {string} from
 * @param {string} to
 */
export function minutesBetween(from, to) {
  return Math.round((asUtc(to) - asUtc(from)) / MINUTE_MS);
}

/**
 * Return an instant in minutes of a date: 0 if it lies before that day, 1440 if it lies after it.
 * @param {string | number} instant
 * @param {string} zone
 * @param {string} date
 */
export function minuteOfDay(instant, zone, date) {
  const minutes = minutesBetween(`${date}T00:00:00`, wallClock(instant, zone));
  return Math.min(Math.max(minutes, 0), DAY_MINUTES);
}

/**
 * Return the minutes of a time of day, such as 09:30.
 * @param {string} time
 */
export function minutesOf(time) {
  const [hours, minutes] = time.split(":").map(Number);
  return hours * 60 + minutes;
}

/**
 * Return the first instant of a date, in RFC 3339.
 * @param {string} date
 * @param {string} zone
 */
export function startOfDate(date, zone) {
  const midnight = asUtc(`${date}T00:00:00`);
  // The offset is the one of the answer; the first guess may lie on the other side of a clock change.
  const guess = midnight - offsetAt(midnight, zone);
  return new Date(midnight - offsetAt(guess, zone)).toISOString();
}

/** @param {number} instant @param {string} zone */
function offsetAt(instant, zone) {
  return asUtc(wallClock(instant, zone)) - instant;
}

/** @param {string} wall */
function asUtc(wall) {
  return Date.parse(`${wall}Z`);
}

/** @param {number} milliseconds */
function wallText(milliseconds) {
  return new Date(milliseconds).toISOString().slice(0, 19);
}
