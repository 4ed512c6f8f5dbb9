// When an appointment is.

import { html } from "/vendor/lit-html-3.3.3/lit-html.js";
import { locale, t } from "../scripts/texts.js";
import { clock, dateOf, fullDate, shortZone, wallClock, zoneName } from "../scripts/times.js";
import { state } from "./state.js";

/**
 * Show when an appointment is, for the visitor and, where its clock differs, at the clinic.
 * @param {{ start: string, end?: string, time_zone: string }} appointment
 */
export function whenView({ start, end, time_zone }) {
  const when = whenText({ start, end });
  if (wallClock(start, time_zone) === wallClock(start, state.zone))
    return html`<span class="when">${when}</span>`;
  const there = { when: thereOf({ start, end, time_zone }), zone: zoneOf(time_zone, start) };
  return html`<span class="when">${t("when.zoned", { when, zone: zoneOf(state.zone, start) })}</span>
    <span class="there">${t("when.there", there)}</span>`;
}

/** @param {string} zone @param {string} instant */
function zoneOf(zone, instant) {
  return shortZone(zone, instant, locale) ?? zoneName(zone, instant, locale);
}

/**
 * Return when an appointment is at the clinic, with the day where that is another one.
 * @param {{ start: string, end?: string, time_zone: string }} appointment
 */
function thereOf({ start, end, time_zone }) {
  const isSameDay = [start, end ?? start].every(
    (instant) => dateOf(instant, time_zone) === dateOf(start, state.zone),
  );
  if (!isSameDay || end === undefined) return spanOf(start, end, time_zone);
  return t("when.times", {
    from: clock(start, time_zone, locale),
    to: clock(end, time_zone, locale),
  });
}

/**
 * Return when an appointment is for the visitor.
 * @param {{ start: string, end?: string }} appointment
 */
export function whenText({ start, end }) {
  return spanOf(start, end, state.zone);
}

/** @param {string} start @param {string | undefined} end @param {string} zone */
function spanOf(start, end, zone) {
  const day = fullDate(dateOf(start, zone), locale);
  const from = clock(start, zone, locale);
  if (end === undefined) return t("when.from", { day, from });
  const last = dateOf(end, zone);
  const to = clock(end, zone, locale);
  return t("when.span", {
    day,
    from,
    to: last === dateOf(start, zone) ? to : `${fullDate(last, locale)}, ${to}`,
  });
}
