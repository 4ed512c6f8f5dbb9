// When a doctor works on a date: the week, and what differs from it.

import { weekdayOf } from "../scripts/times.js";
import { DAY_MINUTES, minuteOfDay, minutesOf } from "./wall.js";

/** @typedef {import("./state.js").Column} Column */
/** @typedef {import("./state.js").Override} Override */
/** @typedef {{ from: number, to: number, kind: "open" | "closed" | "off" }} Part in minutes of the day */
/** @typedef {[number, number]} Stretch */

const WEEKDAYS = /** @type {const} */ (["mon", "tue", "wed", "thu", "fri", "sat", "sun"]);

/**
 * Return the parts of a date, from midnight to midnight. Time off wins over extra hours, and both
 * win over the week.
 * @param {Column} doctor
 * @param {string} date
 * @param {Override[]} overrides
 * @returns {Part[]}
 */
export function partsOf(doctor, date, overrides) {
  const off = stretches(doctor, date, overrides, "time_off");
  const open = [...weekly(doctor, date), ...stretches(doctor, date, overrides, "extra_hours")];
  const edges = [0, DAY_MINUTES, ...[...off, ...open].flat()];
  const cuts = [...new Set(edges)].sort((a, b) => a - b);
  return joined(
    cuts.slice(1).map((to, at) => ({ from: cuts[at], to, kind: kindOf(cuts[at], off, open) })),
  );
}

/** @param {number} minute @param {Stretch[]} off @param {Stretch[]} open */
function kindOf(minute, off, open) {
  /** @param {Stretch} stretch */
  const holds = ([from, to]) => from <= minute && minute < to;
  if (off.some(holds)) return "off";
  return open.some(holds) ? "open" : "closed";
}

/** @param {Part[]} parts */
function joined(parts) {
  /** @type {Part[]} */
  const longest = [];
  for (const part of parts) {
    const before = longest.at(-1);
    if (before?.kind === part.kind) before.to = part.to;
    else longest.push(part);
  }
  return longest;
}

/** @param {Column} doctor @param {string} date @returns {Stretch[]} */
function weekly({ working_hours }, date) {
  const day = WEEKDAYS[weekdayOf(date) - 1];
  return working_hours
    .filter(({ days }) => days.includes(day))
    .map(({ opens, closes }) => [minutesOf(opens), minutesOf(closes)]);
}

/**
 * @param {Column} doctor
 * @param {string} date
 * @param {Override[]} overrides
 * @param {string} wanted kind
 * @returns {Stretch[]}
 */
function stretches({ id, time_zone }, date, overrides, wanted) {
  return overrides
    .filter(({ doctor_id, kind }) => doctor_id === id && kind === wanted)
    .map(({ start, end }) => [
      minuteOfDay(start, time_zone, date),
      minuteOfDay(end, time_zone, date),
    ]);
}
