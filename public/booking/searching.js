// Who can be booked, and when.

import { get, getAll, Problem } from "../scripts/api.js";
import { untilAnswered } from "../scripts/patience.js";
import { addDays, boundsOf, dateOf } from "../scripts/times.js";
import { state, update } from "./state.js";

/** @typedef {import("./state.js").Opening} Opening */
/** @typedef {import("./state.js").Time} Time */
/** @typedef {import("./state.js").Schemas} Schemas */

const FIRST_OPENINGS = 3;
const ASKED_OPENINGS = 6;
const STEP_MINUTES = 15; // The first openings are some of those that the month has.
const STALE_MS = 60_000;
const MINUTE_MS = 60_000;

// Each search makes the ones before it void, however late they are answered.
let searches = 0;
let searchedAt = 0;
// How far the first instant that can be booked is ahead of this machine's clock, which may be wrong.
let leadMs = 0;

/** Load doctors and services, and search at once: most clinics need not know them for it. */
export async function start() {
  update({ month: thisMonth() });
  const searched = search();
  try {
    const [doctors, { services }] = await Promise.all([
      patiently(() => getAll("list_doctors", "doctors", { page_size: 1000 })),
      patiently(() => get("list_services")),
    ]);
    update({ doctors, services });
    await (correctChoice() ? search() : searched);
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    update({ doctors: [], problem: error });
  }
}

/** Choose what there is in the place of what a link names in vain; whether anything changed. */
function correctChoice() {
  const { doctorId, serviceId, services } = state;
  const service = services.find(({ id }) => id === serviceId) ?? services[0];
  update({ serviceId: service?.id ?? "" });
  update({ doctorId: offering().some(({ id }) => id === doctorId) ? doctorId : "" });
  return state.serviceId !== serviceId || state.doctorId !== doctorId;
}

/** Return the month that is now. */
export function thisMonth() {
  return dateOf(Date.now(), state.zone).slice(0, 7);
}

/** Search with what is chosen now: the first openings, and the free days of the month. */
export async function search() {
  update({ problem: null });
  outdate();
  if (await searchNow()) await showMonthOfFirst();
}

/** Search again, and show nothing of what was found before: a time of it was refused. */
export async function searchAnew() {
  outdate();
  await searchNow();
}

/** Search, and return whether nothing else was searched meanwhile. */
async function searchNow() {
  searches += 1;
  const own = searches;
  searchedAt = Date.now();
  await Promise.all([
    unlessVoid(own, firstOpenings(), ({ openings, reason, searched_from }) => {
      leadMs = Date.parse(searched_from) - Date.now();
      update({ next: ofDifferentTimes(openings), none: reason ?? null });
    }),
    unlessVoid(own, openingsOf(state.month), showDays),
  ]);
  return own === searches;
}

/** Show the free days of a month; the chosen one stays chosen if it is one. @param {Map<string, Time[]>} days */
function showDays(days) {
  update({ days, day: state.day !== null && days.has(state.day) ? state.day : null });
}

/**
 * Show the free days of a month, and search on for what else is not found yet.
 * @param {string} month
 */
export async function showMonth(month) {
  update({ month, days: null, day: null, problem: null });
  if (state.next === null) return searchNow();
  searches += 1;
  await unlessVoid(searches, openingsOf(month), showDays);
}

/**
 * Show what was found, or why nothing was, unless something else is searched by now.
 * @template T
 * @param {number} own the search
 * @param {Promise<T>} search
 * @param {(found: T) => void} showFound
 */
async function unlessVoid(own, search, showFound) {
  try {
    const found = await search;
    if (own === searches) showFound(found);
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    if (own === searches) update({ problem: error, next: [], none: null, days: new Map() });
  }
}

/** Search again if what is shown is old: others book, too. Nothing moves under the visitor's hand. */
export async function refresh() {
  if (state.view !== "choose" || Date.now() - searchedAt < STALE_MS) return;
  await searchNow();
}

/** Show no more what was found, whenever that was: something was booked, moved, cancelled or refused. */
export function outdate() {
  searches += 1;
  searchedAt = 0;
  update({ next: null, none: null, days: null });
}

/** Search again if one of the first openings has passed. */
export async function refreshIfPassed() {
  if (!(state.next ?? []).every(isAhead)) await refresh();
}

/** Whether a time that was found has not passed since. @param {{ start: string }} time */
export function isAhead({ start }) {
  const now = Date.now() + leadMs;
  return Date.parse(start) >= now - (now % MINUTE_MS);
}

/** Return the free times of a day. @param {string} day */
export function timesOf(day) {
  return (state.days?.get(day) ?? []).filter(isAhead);
}

/** Return the doctors who offer the chosen service. */
export function offering() {
  const doctors = state.doctors ?? [];
  const id = state.moving ? state.moving.service_id : state.serviceId;
  return id ? doctors.filter(({ services }) => services.includes(id)) : doctors;
}

/** Return how long the appointment will be. */
export function minutesWanted() {
  const service = state.services.find(({ id }) => id === state.serviceId);
  return state.moving?.duration_minutes ?? service?.duration_minutes ?? state.minutes;
}

/** Return what is searched, and booked: a service, a length, or both. */
export function wanted() {
  const { moving, services, serviceId, minutes } = state;
  const id = moving ? moving.service_id : serviceId || undefined;
  const service = services.find((each) => each.id === id);
  const length = moving?.duration_minutes ?? minutes;
  // A service that was withdrawn, or has another length by now, stays with what is moved.
  if (moving && service?.duration_minutes && service.duration_minutes !== length)
    return { duration_minutes: length };
  return {
    service_id: service?.id,
    duration_minutes: service?.duration_minutes ? undefined : length,
  };
}

/** Show the month of the first opening, if there is none before it. */
async function showMonthOfFirst() {
  const first = state.next?.[0];
  const month = first ? dateOf(first.start, state.zone).slice(0, 7) : state.month;
  if (month > state.month) await showMonth(month);
}

/** Several doctors may be free at one time; the first of them has it. @param {Opening[]} openings */
function ofDifferentTimes(openings) {
  const others = openings.filter(
    ({ start }, at) => Date.parse(start) !== Date.parse(openings[at - 1]?.start ?? ""),
  );
  return others.slice(0, FIRST_OPENINGS);
}

/** @returns {Promise<Schemas["OpeningList"]>} */
function firstOpenings() {
  const query = { ...wanted(), doctor_id: state.doctorId || undefined, count: ASKED_OPENINGS };
  return patiently(() => get("first_available", { ...query, step_minutes: STEP_MINUTES }));
}

/** @param {string} month */
async function openingsOf(month) {
  const { first, last } = boundsOf(month);
  // A day of the visitor is a part of two days of a doctor in another zone.
  const window = { start: addDays(first, -1), end: addDays(last, 1) };
  const grid = { doctor_id: state.doctorId || undefined, step_minutes: STEP_MINUTES };
  const query = { ...wanted(), ...window, ...grid };
  /** @type {Schemas["DaysWithOpenings"]} */
  const found = await patiently(() => get("list_openings", query));
  return byDay(found.days, month);
}

/**
 * Return the free times of each day of the visitor's, by start. Where several doctors are free at
 * one time, the first of them has it.
 * @param {Schemas["OpeningsOfDay"][]} days
 * @param {string} month
 */
function byDay(days, month) {
  const times = days.flatMap(({ starts, doctor_id, time_zone }) =>
    starts.map((start) => ({ start, doctor_id, time_zone })),
  );
  times.sort((a, b) => Date.parse(a.start) - Date.parse(b.start));
  /** @type {Map<string, Time[]>} */
  const found = new Map();
  for (const time of times) {
    const date = dateOf(time.start, state.zone);
    const before = found.get(date) ?? [];
    const isNew = Date.parse(before.at(-1)?.start ?? "") !== Date.parse(time.start);
    if (date.startsWith(month) && isNew) found.set(date, [...before, time]);
  }
  return found;
}

/** Return a doctor's name. @param {string} id */
export function doctorName(id) {
  return state.doctors?.find((doctor) => doctor.id === id)?.name ?? "";
}

/** @template T @param {() => Promise<T>} attempt */
function patiently(attempt) {
  return untilAnswered(attempt, (waiting) => update({ waiting }));
}
