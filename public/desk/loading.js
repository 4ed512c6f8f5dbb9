// What is asked of the functions, again and again: a change elsewhere is shown within ten seconds.

import { getAll, getChanged, NoAnswer, Problem } from "../scripts/api.js";
import { untilAnswered } from "../scripts/patience.js";
import { shownWindow, today, visibleDoctors } from "./shown.js";
import { state, update } from "./state.js";

/** @typedef {import("./state.js").Appointment} Appointment */

const POLL_MS = 8_000;
const A_DOCTOR_MS = 250; // Overrides are a request a doctor: four a second, whatever their number.
const PAGE = 1000;

// What is answered to an earlier question than the last one is outdated.
let questions = 0;
let isAsking = false;
let overridesAt = 0;
/** @type {{ question: string, tag: string | null }} */
let known = { question: "", tag: null };

/** Load doctors and services, then show today. */
export async function start() {
  const [doctors, services] = await Promise.all([
    patiently(() => getAll("list_doctors", "doctors", { page_size: PAGE })),
    patiently(() => getAll("list_services", "services", {})),
  ]);
  update({ doctors, services });
  update(showable(state));
  await reload();
}

/**
 * Return the date and the doctor that can be shown, for those that an address names or not.
 * @param {{ date: string, doctorId: string }} named
 */
export function showable({ date, doctorId }) {
  const seen = visibleDoctors().map(({ id }) => id);
  return {
    date: date || today(),
    doctorId: seen.includes(doctorId) ? doctorId : (seen[0] ?? ""),
  };
}

/** Show another day, week or doctor. @param {Partial<import("./state.js").State>} shown */
export async function show(shown) {
  update({ ...shown, appointments: null, overrides: [], refusal: null, notice: null });
  await reload();
}

/** Ask for all that is shown, because something else is to be shown, or was changed here. */
export async function reload() {
  questions += 1;
  isAsking = false;
  overridesAt = 0;
  update({ failure: null });
  await refresh();
}

/** Ask whether anything has changed. */
export async function refresh() {
  if (isAsking || state.doctors === null || !mayAsk() || isRefused()) return;
  if (visibleDoctors().length === 0) return update({ appointments: [] });
  const own = questions;
  isAsking = true;
  try {
    await refreshAppointments(own);
    await refreshOverrides(own); // Of more doctors than one day is shown of, they are not asked for.
  } catch (error) {
    if (own === questions) fail(error);
  } finally {
    if (own === questions) isAsking = false;
  }
}

/** Ask from now on: each few seconds while somebody can see it, and at once when they can again. */
export function keepFresh() {
  const ask = () => {
    if (!document.hidden) refresh();
  };
  setInterval(ask, POLL_MS);
  document.addEventListener("visibilitychange", ask);
  addEventListener("online", ask);
}

/**
 * Show an appointment as it is now, before the next answer does.
 * @param {Appointment} changed
 */
export function replace(changed) {
  questions += 1; // What was asked before the change does not know of it.
  isAsking = false;
  if (state.appointments === null) return; // One alone would look like the whole day.
  const others = state.appointments.filter(({ id }) => id !== changed.id);
  const own = changed.status === "cancelled" ? [] : [changed];
  update({ appointments: [...others, ...own].sort(byStart) });
}

/** @param {number} own the number of the question */
async function refreshAppointments(own) {
  const query = { doctor_id: askedDoctors(), ...shownWindow(), page_size: PAGE };
  const question = JSON.stringify(query);
  // Without what the tag is of, an answer that nothing has changed would say nothing.
  const isKnown = state.appointments !== null && question === known.question;
  const tag = isKnown ? known.tag : null;
  const found = await getChanged("list_appointments", query, tag);
  if (own !== questions) return;
  if (found !== null) {
    const page = /** @type {import("./state.js").Schemas["AppointmentPage"]} */ (found.value);
    const appointments = await wholeList(query, page);
    if (own !== questions) return;
    known = { question, tag: page.next_page_token ? null : found.tag }; // It is of one page only.
    update({ appointments });
  }
  update({ freshAt: Date.now(), failure: null });
}

/**
 * @param {import("../scripts/api.js").Query} query
 * @param {import("./state.js").Schemas["AppointmentPage"]} page the first one
 */
async function wholeList(query, { appointments, next_page_token }) {
  if (!next_page_token) return appointments;
  const rest = { ...query, page_token: next_page_token };
  return [...appointments, ...(await getAll("list_appointments", "appointments", rest))];
}

/** @param {number} own the number of the question */
async function refreshOverrides(own) {
  const ids = state.span === "week" ? [state.doctorId] : visibleDoctors().map(({ id }) => id);
  if (Date.now() - overridesAt < Math.max(POLL_MS, ids.length * A_DOCTOR_MS)) return;
  const asked = ids.map((id) =>
    getAll("list_overrides", "overrides", { doctor_id: id, ...shownWindow(), page_size: PAGE }),
  );
  const overrides = (await Promise.all(asked)).flat();
  if (own !== questions) return;
  overridesAt = Date.now();
  update({ overrides });
}

function askedDoctors() {
  if (state.span === "week") return [state.doctorId];
  // Who has retired may still have appointments, so staff name nobody.
  return state.person?.role === "doctor" ? visibleDoctors().map(({ id }) => id) : ["*"];
}

/** Whoever is no staff would be refused each time. */
function mayAsk() {
  return state.access === "open" && state.person?.role !== "patient";
}

/** The same question would be refused each time. */
function isRefused() {
  return state.failure instanceof Problem && state.failure.status === 400;
}

/** @param {unknown} error */
function fail(error) {
  if (error instanceof Problem && error.status === 401) update({ access: "sign_in" });
  else if (error instanceof Problem && error.status === 403) update({ access: "forbidden" });
  else if (error instanceof NoAnswer || error instanceof Problem) update({ failure: error });
  else throw error;
}

/** @template T @param {() => Promise<T>} attempt */
function patiently(attempt) {
  return untilAnswered(attempt, (waiting) => update({ waiting }));
}

/** @param {Appointment} a @param {Appointment} b */
function byStart(a, b) {
  return Date.parse(a.start) - Date.parse(b.start) || (a.id < b.id ? -1 : 1);
}
