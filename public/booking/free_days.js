// The free days of a month: in a large clinic, they are found part by part.

import { addDays, boundsOf, dateOf } from "../scripts/times.js";

/** @typedef {import("./state.js").Time} Time */
/** @typedef {import("./state.js").Schemas["OpeningsOfDay"]} OpeningsOfDay */

// How many days, times doctors, one answer of `list_openings` may be about.
const MOST_DOCTOR_DAYS = 1000;

/**
 * Find the free times of each day of a month, and yield after each answer all that are known.
 * @param {string} month
 * @param {string} zone the visitor's
 * @param {number} doctors how many are searched
 * @param {(start: string, end: string) => Promise<OpeningsOfDay[]>} ask for some days of doctors
 */
export async function* freeDays(month, zone, doctors, ask) {
  const { first, last } = boundsOf(month);
  // A day of the visitor is a part of two days of a doctor in another zone.
  const end = addDays(last, 1);
  const most = mostDays(doctors);
  /** @type {Map<number, Time>} */
  const times = new Map();
  const today = dateOf(Date.now(), zone);
  const [, ahead] = [first, today, last].sort(); // What is over is not asked for.
  let until = addDays(ahead, -1);
  while (until < end) {
    // The last day is asked for again: an opening may reach over its midnight.
    const start = until;
    until = [addDays(start, most - 1), end].sort()[0];
    collect(await ask(start, until), times);
    yield byDay(first, addDays(until, -1), zone, times);
  }
}

/** @param {number} doctors */
function mostDays(doctors) {
  const whole = Math.floor(MOST_DOCTOR_DAYS / Math.max(doctors, 1));
  return Math.max(whole - 1, 2); // Days on which a clock is set back count for one more.
}

/**
 * Add what was found. Where several doctors are free at one time, the first of them has it.
 * @param {OpeningsOfDay[]} found
 * @param {Map<number, Time>} times
 */
function collect(found, times) {
  for (const { starts, doctor_id, time_zone } of found)
    for (const start of starts) {
      const instant = Date.parse(start);
      if (!times.has(instant)) times.set(instant, { start, doctor_id, time_zone });
    }
}

/**
 * Return the times of each day of the visitor's, by start: none of a day that is not free.
 * @param {string} first
 * @param {string} last
 * @param {string} zone
 * @param {Map<number, Time>} times
 */
function byDay(first, last, zone, times) {
  /** @type {Map<string, Time[]>} */
  const days = new Map();
  for (let day = first; day <= last; day = addDays(day, 1)) days.set(day, []);
  const instants = [...times.keys()].sort((a, b) => a - b);
  for (const instant of instants)
    days.get(dateOf(instant, zone))?.push(/** @type {Time} */ (times.get(instant)));
  return days;
}
