// Time off and extra hours in words.

import { isolated, locale, t } from "../scripts/texts.js";
import { clock, closingClock, dateOf, shortDate } from "../scripts/times.js";
import { dates } from "./shown.js";
import { startOfDate } from "./wall.js";

/** @typedef {import("./state.js").Override} Override */

/**
 * Return what it is, when and why.
 * @param {Override} override
 * @param {boolean} [isDated] whether a day stands beside its times
 */
export function overrideText(override, isDated = dates().length > 1) {
  const { kind, note } = override;
  return [t(`desk.${kind}`), spanOf(override, isDated), note && isolated(note)]
    .filter(Boolean)
    .join(" · ");
}

/**
 * Return when it is: whole days without their midnights.
 * @param {Override} override
 * @param {boolean} isDated whether a day stands beside its times
 */
export function spanOf({ start, end, time_zone }, isDated = true) {
  const first = dateOf(start, time_zone);
  const last = dateOf(Date.parse(end) - 1, time_zone);
  const days = first === last ? [first] : [first, last];
  const named = days.map((day) => shortDate(day, locale)).join(" – ");
  if (isMidnight(start, time_zone) && isMidnight(end, time_zone)) return named;
  const from = clock(start, time_zone, locale);
  const to = closingClock(end, time_zone, locale); // The day it stands beside is the one that ends.
  if (first === last) return `${isDated ? `${named}, ` : ""}${from}–${to}`;
  return `${shortDate(first, locale)}, ${from} – ${shortDate(last, locale)}, ${to}`;
}

/** @param {string} instant @param {string} zone */
function isMidnight(instant, zone) {
  return Date.parse(startOfDate(dateOf(instant, zone), zone)) === Date.parse(instant);
}
