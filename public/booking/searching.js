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
const STALE_MS = 60_000;

// Each search makes the ones before it void, however late they are answered.
let searches = 0;
let searchedAt = 0;

/** Load doctors and services, and search at once: most clinics need not know them for it. */
export async function start() {
  update({ month: dateOf(Date.now(), state.zone).slice(0, 7) });
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

/** Search with what is chosen now: the first openings, and the free days of the month. */
export async function search() {
  searches += 1;
  const own = searches;
  searchedAt = Date.now();
  update({ next: null, none: null, days: null, day: null, problem: null });
  await searchNow(own);
  if (own === searches) await showMonthOfFirst();
}

/** @param {number} own the search */
async function searchNow(own) {
  await Promise.all([
    unlessVoid(own, firstOpenings(), ({ openings, reason }) =>
      update({ next: ofDifferentTimes(openings), none: reason ?? null }),
    ),
    unlessVoid(own, openingsOf(state.month), (days) => update({ days })),
  ]);
}

/**
 * Show the free days of a month.
 * @param {string} month
 */
export async function showMonth(month) {
  searches += 1;
  update({ month, days: null, day: null, problem: null });
  await unlessVoid(searches, openingsOf(month), (days) => update({ days }));
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
  searches += 1;
  searchedAt = Date.now();
  await searchNow(searches);
}

/** What is shown is old, whenever it was searched: something was booked, moved or cancelled. */
export function outdate() {
  searchedAt = 0;
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

/** Show the month of the first opening, if that is another one. */
async function showMonthOfFirst() {
  if (state.moving) return; // It begins where the appointment is now.
  const first = state.next?.[0];
  const month = first ? dateOf(first.start, state.zone).slice(0, 7) : state.month;
  if (month !== state.month) await showMonth(month);
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
  return patiently(() => get("first_available", query));
}

/** @param {string} month */
async function openingsOf(month) {
  const { first, last } = boundsOf(month);
  // A day of the visitor is a part of two days of a doctor in another zone.
  const window = { start: addDays(first, -1), end: addDays(last, 1) };
  const query = { ...wanted(), ...window, doctor_id: state.doctorId || undefined };
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
