// Who can be booked, and when.

import { get, getAll, Problem } from "../scripts/api.js";
import { untilAnswered } from "../scripts/patience.js";
import { dateOf } from "../scripts/times.js";
import { freeDays } from "./free_days.js";
import { state, update } from "./state.js";

/** @typedef {import("./state.js").Opening} Opening */
/** @typedef {import("./state.js").Time} Time */
/** @typedef {import("./state.js").Schemas} Schemas */

const FIRST_OPENINGS = 3;
const ASKED_OPENINGS = 24; // Several doctors may be free at one time.
const STEP_MINUTES = 15; // The first openings are some of those that the month has.
const STALE_MS = 60_000;
const MINUTE_MS = 60_000;

// Each search makes the ones before it void, however late they are answered.
let searches = 0;
let searchedAt = 0;
// How far the first instant that can be booked is ahead of this machine's clock, which may be wrong.
let leadMs = 0;

/** Whether doctors and services are known: what is searched depends on them. */
let known = Promise.resolve();

/** Load doctors and services, and search. */
export async function start() {
  update({ month: [state.month, thisMonth()].sort()[1] }); // What is over is not shown.
  known = load();
  await search();
}

async function load() {
  try {
    const [doctors, { services }] = await Promise.all([
      patiently(() => getAll("list_doctors", "doctors", { page_size: 1000 })),
      patiently(() => get("list_services")),
    ]);
    update({ doctors, services });
    correctChoice();
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    update({ doctors: [], refusal: error });
  }
}

/** Choose what there is in the place of what a link names in vain. */
function correctChoice() {
  const { doctorId, serviceId, services } = state;
  const service = services.find(({ id }) => id === serviceId) ?? services[0];
  update({ serviceId: service?.id ?? "" });
  update({ doctorId: offering().some(({ id }) => id === doctorId) ? doctorId : "" });
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
  update({ refusal: null });
  await known;
  if (own !== searches) return false;
  await Promise.all([searchFirst(own), searchMonth(own)]);
  return own === searches;
}

/** Search the first openings. @param {number} own the search */
async function searchFirst(own) {
  await unlessRefused(own, showFirst(own));
  if (own === searches && state.next === null) update({ next: [] });
}

/** Search the free days of the month. @param {number} own the search */
async function searchMonth(own) {
  await unlessRefused(own, showDays(own));
  if (own === searches && state.day !== null && !isSearched(state.day)) update({ day: null });
}

/**
 * Search the free days of a month, and search on for what else is not found yet.
 * @param {string} month
 */
export async function showMonth(month) {
  update({ month, days: new Map(), day: null, problem: null });
  if (state.next === null || state.refusal !== null) return searchNow();
  searches += 1;
  await searchMonth(searches);
}

/**
 * Say why a search was refused, unless something else is searched by now.
 * @param {number} own the search
 * @param {Promise<void>} search
 */
async function unlessRefused(own, search) {
  try {
    await search;
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    if (own === searches) update({ refusal: error });
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
  update({ next: null, none: null, days: new Map(), refusal: null });
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
  return (state.days.get(day) ?? []).filter(isAhead);
}

/** Whether the free times of a day are known. @param {string} day */
export function isSearched(day) {
  return state.days.has(day);
}

/** Return the id of the service that is searched, and booked; nothing where there is none. */
export function serviceWanted() {
  return (state.moving ? state.moving.service_id : state.serviceId) || undefined;
}

/** Return the doctors who offer the chosen service. */
export function offering() {
  const doctors = state.doctors ?? [];
  const id = serviceWanted();
  return id ? doctors.filter(({ services }) => services.includes(id)) : doctors;
}

/** Return how long the appointment will be. */
export function minutesWanted() {
  const service = state.services.find(({ id }) => id === state.serviceId);
  return state.moving?.duration_minutes ?? service?.duration_minutes ?? state.minutes;
}

/** Return what is searched, and booked: a service, a length, or both. */
export function wanted() {
  const { moving, services, minutes } = state;
  const id = serviceWanted();
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

/** Show the first openings: of several times, however many doctors are free at each. @param {number} own */
async function showFirst(own) {
  let found = await openingsAfter();
  if (own !== searches) return;
  leadMs = Date.parse(found.searched_from) - Date.now();
  const none = found.reason ?? null;
  const next = ofDifferentTimes(found.openings);
  while (next.length < FIRST_OPENINGS && found.openings.length === ASKED_OPENINGS) {
    found = await openingsAfter(next.at(-1));
    if (own !== searches) return;
    next.push(...ofDifferentTimes(found.openings));
  }
  update({ next: next.slice(0, FIRST_OPENINGS), none });
}

/** The first doctor who is free at a time has it. @param {Opening[]} openings */
function ofDifferentTimes(openings) {
  return openings.filter(
    ({ start }, at) => Date.parse(start) !== Date.parse(openings[at - 1]?.start ?? ""),
  );
}

/** @param {Opening} [last] @returns {Promise<Schemas["OpeningList"]>} */
function openingsAfter(last) {
  const query = { ...wanted(), doctor_id: state.doctorId || undefined, count: ASKED_OPENINGS };
  const after = last && new Date(Date.parse(last.start) + MINUTE_MS).toISOString();
  return patiently(() => get("first_available", { ...query, step_minutes: STEP_MINUTES, after }));
}

/** Show the free days of the month as they are found; the chosen one stays chosen if it is one. @param {number} own */
async function showDays(own) {
  for await (const found of freeDays(state.month, state.zone, countDoctors(), openingsBetween)) {
    if (own !== searches) return;
    const days = new Map([...state.days, ...found]);
    const isTaken = state.day !== null && days.get(state.day)?.length === 0;
    update({ days, day: isTaken ? null : state.day });
  }
}

/** @param {string} start @param {string} end */
async function openingsBetween(start, end) {
  const grid = { doctor_id: state.doctorId || undefined, step_minutes: STEP_MINUTES };
  const query = { ...wanted(), start, end, ...grid };
  /** @type {Schemas["DaysWithOpenings"]} */
  const { days } = await patiently(() => get("list_openings", query));
  return days;
}

/** Return how many doctors are searched. */
function countDoctors() {
  const { service_id } = wanted();
  if (state.doctorId) return 1;
  const doctors = state.doctors ?? [];
  return doctors.filter(({ services }) => !service_id || services.includes(service_id)).length;
}

/** Return a doctor's name. @param {string} id */
export function doctorName(id) {
  return state.doctors?.find((doctor) => doctor.id === id)?.name ?? "";
}

/** Ask until there is an answer, and show why that takes longer. @template T @param {() => Promise<T>} attempt */
export function patiently(attempt) {
  return untilAnswered(attempt, (waiting) => update({ waiting }));
}
