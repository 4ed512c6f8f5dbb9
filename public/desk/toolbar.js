// Which day, whose week, which patient; and how fresh all of it is.

import { live } from "/vendor/lit-html-3.3.3/directives/live.js";
import { html, nothing } from "/vendor/lit-html-3.3.3/lit-html.js";
import { Problem } from "../scripts/api.js";
import { locale, t } from "../scripts/texts.js";
import { addDays, fullDate, shortDate } from "../scripts/times.js";
import { writeAddress } from "./address.js";
import { beginBooking, beginOverride, beginWalkIn, openAppointment } from "./dialog_state.js";
import { isClosed } from "./grid_events.js";
import { show } from "./loading.js";
import { deskSentence } from "./problems.js";
import { dates, doctorName, isFound, isShown, today, visibleDoctors } from "./shown.js";
import { state, update } from "./state.js";

const WEEK = 7;
// A year that is still being typed is none yet: 2, 20, 202.
const FIRST = "1970-01-01";
const LAST = "2199-12-31";

export function toolbarView() {
  return html`<div class="tools">
      <p class="buttons">
        ${turn(-1)} ${button("desk.today", () => choose({ date: today() }))} ${turn(1)}
      </p>
      <label>${t("desk.date")}
        <input type="date" name="day" required min=${FIRST} max=${LAST} .value=${state.date}
          @change=${pickDate}></label>
      <label>${t("desk.show")}
        <select name="shown" @change=${pickDoctor}>
          <option value="" .selected=${state.span === "day"}>${t("desk.all_doctors")}</option>
          ${visibleDoctors().map(
            ({ id, name }) => html`<option value=${id}
              .selected=${state.span === "week" && id === state.doctorId}>${t("desk.week_of", { doctor: name })}</option>`,
          )}
        </select></label>
      <form role="search" @submit=${openFound}>
        <label>${t(`desk.search.${state.span}`)}
          <input type="search" name="search" autocomplete="off" .value=${live(state.search)} @input=${search}>
        </label>
      </form>
    </div>
    <p class="buttons">
      ${button("desk.new", () => beginBooking(), "main")} ${button("desk.walk_in", beginWalkIn)}
      ${button("desk.override", () => beginOverride())} ${button("desk.print", () => print())}
    </p>`;
}

/** Return what is shown, as a heading says it. */
export function titleText() {
  if (state.date === "") return t("desk.title");
  if (state.span === "day") return fullDate(state.date, locale);
  const shown = dates();
  const to = shortDate(/** @type {string} */ (shown.at(-1)), locale);
  const doctor = doctorName(state.doctorId);
  return t("desk.week", { doctor, from: shortDate(shown[0], locale), to });
}

/** Say how many were found. */
export function foundView() {
  return html`<p role="status">${state.search.trim() === "" ? nothing : foundText(found().length)}</p>`;
}

/** @param {number} count */
function foundText(count) {
  return count === 0 ? t(`desk.nobody_found.${state.span}`) : t("desk.found", { count });
}

/** Say that an empty grid is no mistake. */
export function closedView() {
  return html`<p role="status">${isClosed() ? t(`desk.nobody_works.${state.span}`) : nothing}</p>`;
}

/** Say that what is shown may be outdated, or why nothing is. */
export function staleView() {
  return html`<div role="status">${state.failure ? html`<p class="problem">${failureText()}</p>` : nothing}</div>`;
}

function failureText() {
  const { appointments, failure, freshAt } = state;
  if (appointments === null) return deskSentence(failure);
  const time = new Date(freshAt).toLocaleTimeString(locale, { timeStyle: "short" });
  const stale = t("desk.stale", { time });
  return failure instanceof Problem ? `${deskSentence(failure)} ${stale}` : stale;
}

function found() {
  return (state.appointments ?? []).filter((each) => isShown(each) && isFound(each));
}

/** @param {number} direction */
function turn(direction) {
  const days = state.span === "day" ? 1 : WEEK;
  const label = t(direction < 0 ? "desk.before" : "desk.after");
  return html`<button type="button" class="turn" aria-label=${label} title=${label}
    @click=${() => choose({ date: addDays(state.date, direction * days) })}>
    <span class="arrow" data-towards=${direction} aria-hidden="true"></span></button>`;
}

/** @param {string} label a text's key @param {() => unknown} act @param {string} [look] */
function button(label, act, look) {
  return html`<button type="button" class=${look ?? nothing} @click=${act}>${t(label)}</button>`;
}

/** @param {Partial<import("./state.js").State>} chosen */
async function choose(chosen) {
  const loaded = show(chosen);
  writeAddress();
  await loaded;
}

/** @param {Event} event */
function pickDate(event) {
  const { value, validity } = /** @type {HTMLInputElement} */ (event.target);
  if (validity.valid && value !== state.date) choose({ date: value });
}

/** @param {Event} event */
function pickDoctor(event) {
  const { value } = /** @type {HTMLSelectElement} */ (event.target);
  choose(value === "" ? { span: "day" } : { span: "week", doctorId: value });
}

/** @param {Event} event */
function search(event) {
  update({ search: /** @type {HTMLInputElement} */ (event.target).value });
}

/** Enter opens the first one. @param {Event} event */
function openFound(event) {
  event.preventDefault();
  const [first] = found();
  if (first && state.search.trim() !== "") openAppointment(first);
}
