// What went wrong or takes longer, in the visitor's language.

import { html, nothing } from "/vendor/lit-html-3.3.3/lit-html.js";
import { NoAnswer, Problem } from "./api.js";
import { hasText, t } from "./texts.js";

// They speak of the time, which another one may cure.
const OF_THE_TIME =
  /^(slot_taken|outside_working_hours|time_off|in_the_past|too_soon|too_late|day_full)$/;
// These are told before a function looks whether it has done before what is asked.
const TOLD_FIRST = /^(unauthenticated|app_not_verified|too_many_requests)$/;
// What is wrong with them, a form marks or a text says.
const TOLD = /^(patient\.|reason$|appointment_id$)/;

/**
 * Return a sentence about an error.
 * @param {unknown} error
 */
export function sentenceOf(error) {
  if (error instanceof NoAnswer)
    return t(navigator.onLine ? "problem.unreachable" : "problem.offline");
  if (!(error instanceof Problem)) throw error;
  const errors = error.details.errors ?? [];
  if (errors.some(({ type }) => type === "too_many")) return t("problem.too_many_doctors");
  // Of all else, only the function itself can say what is wrong.
  const isTold = errors.every(({ field }) => TOLD.test(field));
  const key = `problem.${codeOf(error)}`;
  return isTold && hasText(key) ? t(key) : error.message;
}

/**
 * Return the code of an error. What cannot be an id is to people one that is unknown: they have it
 * from an address.
 * @param {Problem} problem
 */
export function codeOf({ code, details: { errors = [] } }) {
  return errors.some(({ field }) => field === "appointment_id") ? "unknown_appointment" : code;
}

/**
 * Whether another time may be granted.
 * @param {string} code
 */
export function isOfTheTime(code) {
  return OF_THE_TIME.test(code);
}

/**
 * Whether nobody knows after an error what became of a change that was sent more than once.
 * @param {unknown} error
 */
export function saysNothing(error) {
  return !(error instanceof Problem) || error.status >= 500 || TOLD_FIRST.test(error.code);
}

/**
 * Return what is wrong with each field of a form, by the function's name of the field.
 * @param {unknown} error
 * @returns {Map<string, string>}
 */
export function wrongFields(error) {
  const errors = error instanceof Problem ? (error.details.errors ?? []) : [];
  return new Map(errors.map(({ field, message }) => [field, message]));
}

/**
 * Say what went wrong, at once and also to a screen reader.
 * @param {unknown} problem
 */
export function problemView(problem) {
  return html`<div role="alert">${problem ? alertOf(problem) : nothing}</div>`;
}

/** @param {unknown} problem */
function alertOf(problem) {
  const instance = problem instanceof Problem ? problem.details.instance : null;
  return html`<div class="problem" tabindex="-1">
    <p>${sentenceOf(problem)}</p>
    ${isOurs(problem) ? html`<p class="small">${t("problem.id", { id: instance ?? "" })}</p>` : nothing}
  </div>`;
}

/** @param {unknown} problem */
function isOurs(problem) {
  return problem instanceof Problem && problem.status >= 500;
}

/**
 * Say that something takes longer, why, and that it goes on by itself.
 * @param {import("./patience.js").Waiting | null} waiting
 * @param {boolean} isChange whether it changes something, and must not do so twice
 */
export function waitingView(waiting, isChange) {
  return html`<div role="status">${waiting ? waitingOf(waiting, isChange) : nothing}</div>`;
}

/** @param {import("./patience.js").Waiting} waiting @param {boolean} isChange */
function waitingOf({ why, seconds, now }, isChange) {
  return html`<div class="notice">
    <p>${t(`waiting.${why}`)} ${isChange ? t("waiting.safe") : nothing}
      ${t("waiting.seconds", { count: Math.ceil(seconds) })}</p>
    <button type="button" @click=${now}>${t("waiting.now")}</button>
  </div>`;
}
