// The first step: with whom, for what, and when.

import clinic from "/clinic.js";
import { html, nothing } from "/vendor/lit-html-3.3.3/lit-html.js";
import { problemView, waitingView } from "../scripts/problems.js";
import { isolated, locale, t } from "../scripts/texts.js";
import {
  clock,
  dateOf,
  fullDate,
  hoursAhead,
  shortDate,
  shortZone,
  wallClock,
  zoneName,
} from "../scripts/times.js";
import { actions, mine } from "./later.js";
import { monthView } from "./month.js";
import { doctorName, isAhead, isSearched, offering, search, timesOf } from "./searching.js";
import { idsBookedHere, state, update } from "./state.js";

/** @typedef {import("./state.js").Time} Time */

const OTHER = "other";
const PARTS_OF_DAY = [
  { text: "times.morning", from: 0, until: 12 },
  { text: "times.afternoon", from: 12, until: 17 },
  { text: "times.evening", from: 17, until: 24 },
];

export function choosingView() {
  return html`<h1 tabindex="-1">${t(state.moving ? "move.title" : "choose.title")}</h1>
    ${waitingView(state.waiting, state.request !== null)} ${state.moving ? nothing : bookedView()}
    ${state.moving ? movingView() : filtersView()}
    ${zonesView()} ${problemView(state.doctors && (state.problem ?? state.refusal))} ${firstView()}
    <div class="calendar">${monthView()} ${timesView()}</div>`;
}

/** Lead to what is booked already, lest somebody books again who wants to change it. */
function bookedView() {
  const { appointment, person } = state;
  if (appointment?.status === "booked" && Date.parse(appointment.start) > Date.now())
    return html`<div class="notice">
      <p>${t("choose.booked", whichOf(appointment))}</p>
      <button type="button" @click=${async () => (await actions()).startMove(appointment)}>${t("mine.move")}</button>
    </div>`;
  if (person === null && idsBookedHere().length === 0) return nothing;
  return html`<p>${t("choose.find")}
    <button type="button" class="link" @click=${async () => (await mine()).openMine()}>${t("head.mine")}</button></p>`;
}

/** @param {import("./state.js").Appointment} appointment */
function whichOf({ start, doctor_name }) {
  const day = fullDate(dateOf(start, state.zone), locale);
  return { doctor: doctor_name, day, time: clock(start, state.zone, locale) };
}

function movingView() {
  const { moving } = state;
  if (moving === null) return nothing;
  return html`<div class="notice">
    <p>${t("move.which", whichOf(moving))}</p>
    <button type="button" @click=${async () => (await actions()).keepAsItIs()}>${t("move.keep")}</button>
  </div>
  <form class="filters" @submit=${(/** @type {Event} */ event) => event.preventDefault()}>
    ${doctorField()}
  </form>`;
}

function filtersView() {
  return html`<form class="filters" @submit=${(/** @type {Event} */ event) => event.preventDefault()}>
    ${state.services.length > 0 ? serviceField() : nothing} ${doctorField()}
    ${isLengthFree() ? lengthField() : nothing}
  </form>`;
}

function serviceField() {
  return html`<label>${t("choose.service")}
    <select name="service" @change=${chooseService}>
      ${state.services.map(({ id, name, duration_minutes }) => {
        const length = duration_minutes ? ` (${t("minutes", { count: duration_minutes })})` : "";
        return html`<option value=${id} .selected=${id === state.serviceId}>${isolated(name)}${length}</option>`;
      })}
    </select>
  </label>`;
}

function doctorField() {
  return html`<label>${t("choose.doctor")}
    <select name="doctor" @change=${chooseDoctor}>
      <option value="" .selected=${state.doctorId === ""}>${t("choose.any_doctor")}</option>
      ${offering().map(
        ({ id, name }) =>
          html`<option value=${id} .selected=${id === state.doctorId}>${name}</option>`,
      )}
    </select>
  </label>`;
}

function lengthField() {
  const isOther = state.isOtherLength;
  return html`<label>${t("choose.length")}
      <select name="length" @change=${chooseLength}>
        ${clinic.lengths.map(
          (
            minutes,
          ) => html`<option value=${minutes} .selected=${!isOther && minutes === state.minutes}>
            ${t("minutes", { count: minutes })}</option>`,
        )}
        <option value=${OTHER} .selected=${isOther}>${t("choose.other_length")}</option>
      </select>
    </label>
    ${
      isOther
        ? html`<label>${t("choose.minutes")}
          <input type="number" name="minutes" min="1" max="1440" step="1" .value=${String(state.minutes)}
            @change=${typeLength} required>
        </label>`
        : nothing
    }`;
}

function isLengthFree() {
  const service = state.services.find(({ id }) => id === state.serviceId);
  return state.services.length === 0 || (service !== undefined && !service.duration_minutes);
}

function firstView() {
  return html`<section class="first" aria-labelledby="first-title" aria-busy=${state.next === null}>
    <h2 id="first-title">${t("first.title")}</h2>
    <div role="status">${noneView()}</div>
    <ul class="openings">
      ${(state.next ?? []).filter(isAhead).map((time) => html`<li>${openingButton(time)}</li>`)}
    </ul>
  </section>`;
}

function noneView() {
  if (state.next === null) return html`<p>${t("searching")}</p>`;
  if (state.next.length > 0)
    return html`<p class="unseen">${t("first.found", { count: state.next.length })}</p>`;
  return state.none === null ? nothing : html`<p>${t(`none.${state.none}`)}</p>`;
}

/**
 * Show an opening with its date, to be chosen by one tap.
 * @param {import("./state.js").Opening} opening
 */
export function openingButton(opening) {
  const day = dateOf(opening.start, state.zone);
  const time = clock(opening.start, state.zone, locale);
  return html`<button type="button" class="opening" data-opening=${opening.start}
    @click=${async () => (await actions()).chooseTime(opening)}>
    <span class="unseen">${nameOf(opening, time, opening.doctor_name)}</span>
    <span aria-hidden="true">${shortDate(day, locale)}</span>
    <strong aria-hidden="true">${time}</strong>
    ${thereView(opening)} <span class="doctor" aria-hidden="true">${opening.doctor_name}</span>
  </button>`;
}

function timesView() {
  const { day } = state;
  const times = day === null ? [] : timesOf(day);
  const shown = times.map(({ start }) => wallClock(start, state.zone));
  return html`<section class="times" aria-labelledby="times-title">
    <h2 id="times-title" tabindex="-1">${day === null ? t("times.none") : fullDate(day, locale)}</h2>
    ${countView(times.length)}
    ${PARTS_OF_DAY.map(({ text, from, until }) => {
      const own = times
        .map((time, at) => ({ time, at }))
        .filter(({ at }) => {
          const hour = Number(shown[at].slice(11, 13));
          return from <= hour && hour < until;
        });
      if (own.length === 0) return nothing;
      return html`<h3>${t(text)}</h3>
        <ul class="openings">
          ${own.map(({ time, at }) => html`<li>${timeButton(time, isTwice(shown[at], shown))}</li>`)}
        </ul>`;
    })}
  </section>`;
}

/** @param {number} count */
function countView(count) {
  const { day } = state;
  if (day !== null && !isSearched(day)) return html`<p role="status">${t("searching")}</p>`;
  return html`<p role="status" class="unseen">${day === null ? "" : t("times.count", { count })}</p>`;
}

/** @param {string} time @param {string[]} shown */
function isTwice(time, shown) {
  return shown.indexOf(time) !== shown.lastIndexOf(time);
}

/**
 * Show a free time of the chosen day.
 * @param {Time} time
 * @param {boolean} isTwice whether the visitor's clock shows this time twice on that day
 */
function timeButton(time, isTwice) {
  const shown = clock(time.start, state.zone, locale, isTwice);
  const doctor = doctorName(time.doctor_id);
  return html`<button type="button" class="opening" data-time=${time.start}
    @click=${async () => (await actions()).chooseTime(time)}>
    <span class="unseen">${nameOf(time, shown, doctor)}</span>
    <strong aria-hidden="true">${shown}</strong> ${thereView(time)}
    ${state.doctorId === "" ? html`<span class="doctor" aria-hidden="true">${doctor}</span>` : nothing}
  </button>`;
}

/**
 * Return the whole name of a time, for who does not see what is around it.
 * @param {Time} time
 * @param {string} shown
 * @param {string} doctor
 */
function nameOf({ start, time_zone }, shown, doctor) {
  const day = fullDate(dateOf(start, state.zone), locale);
  const there = isElsewhere(start, time_zone) ? ` (${thereText(start, time_zone)})` : "";
  return t("time.label", { day, time: shown + there, doctor });
}

/**
 * Show what the clock says at the clinic, where that is another time.
 * @param {Time} time
 */
function thereView({ start, time_zone }) {
  if (!isElsewhere(start, time_zone)) return nothing;
  return html`<span class="there" aria-hidden="true">${thereText(start, time_zone)}</span>`;
}

/** @param {string} start @param {string} zone */
function isElsewhere(start, zone) {
  return wallClock(start, zone) !== wallClock(start, state.zone);
}

/** @param {string} start @param {string} zone */
function thereText(start, zone) {
  return t("time.there", { time: clock(start, zone, locale) });
}

function zonesView() {
  const now = Date.now();
  const short = shortZone(state.zone, now, locale);
  const yours = short
    ? t("zones.short", { zone: short })
    : t("zones.yours", { zone: zoneName(state.zone, now, locale) });
  return html`<p class="zones">${yours} ${clinicsZone(now)}</p>`;
}

/** @param {number} now */
function clinicsZone(now) {
  const { doctorId } = state;
  const doctors = offering().filter(({ id }) => doctorId === "" || id === doctorId);
  const zones = [...new Set(doctors.map(({ time_zone }) => time_zone))];
  const others = zones.filter((zone) => wallClock(now, zone) !== wallClock(now, state.zone));
  if (others.length === 0) return nothing;
  const hours = hoursAhead(others[0], state.zone, now);
  if (zones.length === 1 && Number.isInteger(hours))
    return t(hours < 0 ? "zones.earlier" : "zones.later", { count: Math.abs(hours) });
  const names = new Set(others.map((zone) => zoneName(zone, now, locale)));
  const text = others.length < zones.length ? "zones.some" : "zones.clinic";
  return t(text, { zone: [...names].join(", ") });
}

/** @param {Event} event */
function chooseService(event) {
  update({ serviceId: valueIn(event) });
  if (!offering().some(({ id }) => id === state.doctorId)) update({ doctorId: "" });
  search();
}

/** @param {Event} event */
function chooseDoctor(event) {
  update({ doctorId: valueIn(event) });
  search();
}

/** @param {Event} event */
function chooseLength(event) {
  const value = valueIn(event);
  update({ isOtherLength: value === OTHER });
  if (value === OTHER) return;
  update({ minutes: Number(value) });
  search();
}

/** @param {Event} event */
function typeLength(event) {
  const field = /** @type {HTMLInputElement} */ (event.target);
  if (!field.reportValidity()) return;
  update({ minutes: field.valueAsNumber });
  search();
}

/** @param {Event} event */
function valueIn(event) {
  return /** @type {HTMLSelectElement} */ (event.target).value;
}
