// What several views of the desk show.

import { ref } from "/vendor/lit-html-3.3.3/directives/ref.js";
import { html, nothing } from "/vendor/lit-html-3.3.3/lit-html.js";
import { Problem } from "../scripts/api.js";
import { waitingView } from "../scripts/problems.js";
import { locale, t } from "../scripts/texts.js";
import { clock, closingClock, dateOf, fullDate, shortDate } from "../scripts/times.js";
import { breakableRule, sendAgain } from "./changes.js";
import { deskSentence } from "./problems.js";
import { doctorName, isInTimeOff, statusText } from "./shown.js";
import { state } from "./state.js";

/** @typedef {import("./state.js").Appointment} Appointment */

/**
 * Say what went wrong, at once and also to a screen reader.
 * @param {unknown} problem
 */
export function problemView(problem) {
  return html`<div role="alert">${
    problem
      ? html`<div class="problem" tabindex="-1" ${ref(reveal)}><p>${deskSentence(problem)} ${hoursText(problem)}</p></div>`
      : nothing
  }</div>`;
}

/** Show it also where a small window would hide it. @param {Element | undefined} element */
function reveal(element) {
  queueMicrotask(() => element?.scrollIntoView({ block: "nearest" }));
}

/**
 * Return a listener for clicks. Of a double click, the second one is meant for what was there before.
 * @param {() => unknown} act
 */
export function once(act) {
  return (/** @type {MouseEvent} */ { detail }) => {
    if (detail < 2) act();
  };
}

/**
 * Offer what may be done instead of what was refused.
 * @param {(opening: import("./state.js").Schemas["Opening"]) => void} choose
 * @param {string} label of breaking the rule
 * @param {(rule: string) => void} breakRule
 */
export function insteadView(choose, label, breakRule) {
  const { problem } = state;
  const rule = breakableRule(problem);
  const openings = problem instanceof Problem ? (problem.details.openings ?? []) : [];
  return html`${
    openings.length > 0
      ? html`<section aria-labelledby="instead-title">
          <h3 id="instead-title">${t("others.title")}</h3>
          <p class="buttons">${openings.map(
            (opening) => html`<button type="button" data-opening=${opening.start}
              @click=${once(() => choose(opening))}>${openingView(opening)}</button>`,
          )}</p>
        </section>`
      : nothing
  }
  ${
    rule === null
      ? nothing
      : html`<p class="buttons"><button type="button" data-break=${rule}
          ?disabled=${state.isSending} @click=${once(() => breakRule(rule))}>${t(label)}</button></p>`
  }`;
}

/** Say that a change takes longer and goes on by itself, or that it may be sent again. */
export function sendingView() {
  const { waiting, request, isSending } = state;
  return html`${waitingView(waiting, request !== null)}
    ${request && !isSending ? againView() : nothing}`;
}

function againView() {
  return html`<div class="notice"><p>${t("waiting.safe")}</p>
    <button type="button" @click=${sendAgain}>${t("details.again")}</button></div>`;
}

/**
 * Return when an appointment is, on its doctor's wall clock.
 * @param {{ start: string, end: string, time_zone: string }} appointment
 */
export function whenText({ start, end, time_zone }) {
  return t("when.span", {
    day: fullDate(dateOf(start, time_zone), locale),
    from: clock(start, time_zone, locale),
    to: clock(end, time_zone, locale),
  });
}

/** Return how somebody is reached. @param {Appointment["patient"]} patient */
export function contactsView({ phone, email }) {
  return [phone && phoneView(phone), email && emailView(email)]
    .filter(Boolean)
    .map((each) => html`<span class="contact">${each}</span>`);
}

/** @param {string} phone */
export function phoneView(phone) {
  return html`<a href=${`tel:${phone}`}>${phone}</a>`;
}

/** @param {string} email */
export function emailView(email) {
  return html`<a href=${`mailto:${encodeURIComponent(email)}`}>${email}</a>`;
}

/** Say how an appointment stands. @param {Appointment} appointment */
export function statusView(appointment) {
  return html`<span class="status">${statusText(appointment.status)}</span>
    ${isInTimeOff(appointment) ? html`<span class="status is-wrong">${t("desk.doctor_off")}</span>` : nothing}`;
}

/** @param {import("./state.js").Schemas["Opening"]} opening */
function openingView({ start, doctor_id, time_zone }) {
  const day = shortDate(dateOf(start, time_zone), locale);
  return html`${day}, ${clock(start, time_zone, locale)} · <bdi>${doctorName(doctor_id)}</bdi>`;
}

/** Say when the doctor works instead. @param {unknown} problem */
function hoursText(problem) {
  const hours = problem instanceof Problem ? (problem.details.working_hours ?? []) : [];
  if (hours.length === 0) return nothing;
  // They carry the doctor's offset, so what stands in them is the wall clock.
  const wall = (/** @type {string} */ time) => `${time.slice(0, 16)}Z`;
  const times = hours.map(
    ({ start, end }) =>
      `${clock(wall(start), "UTC", locale)}–${closingClock(wall(end), "UTC", locale)}`,
  );
  return t("desk.works", { times: times.join(", ") });
}
