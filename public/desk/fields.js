// Labelled fields of the dialogs.

import { live } from "/vendor/lit-html-3.3.3/directives/live.js";
import { html, nothing } from "/vendor/lit-html-3.3.3/lit-html.js";
import { wrongFields } from "../scripts/problems.js";
import { hasText, isolated, t } from "../scripts/texts.js";
import { type } from "./dialog_state.js";
import { visibleDoctors } from "./shown.js";
import { state } from "./state.js";

/** @typedef {import("./state.js").Draft} Draft */

const LONGEST = { name: 200, email: 254, phone: 50 };
/** @type {Partial<Record<keyof Draft, string>>} what the functions call them, if otherwise */
const FIELDS = {
  name: "patient.name",
  email: "patient.email",
  phone: "patient.phone",
  time: "start",
  minutes: "duration_minutes",
  until: "end",
};

/**
 * @param {keyof Draft} name
 * @param {string} label a text's key
 * @param {{ type?: string, required?: boolean, min?: string, max?: string, step?: string, longest?: number, isFirst?: boolean }} [options]
 */
export function field(name, label, options = {}) {
  const { type: kind = "text", required = false, min, max, step, longest, isFirst } = options;
  return html`<div>
    <label for=${`f-${name}`}>${t(label)}
      ${required ? nothing : html`<span class="small">${t("details.optional")}</span>`}</label>
    <input id=${`f-${name}`} name=${name} type=${kind} ?required=${required} autocomplete="off" ?autofocus=${isFirst}
      min=${min ?? nothing} max=${max ?? nothing} step=${step ?? nothing} maxlength=${longest ?? nothing}
      .value=${live(draft()[name])} @input=${typed}
      aria-invalid=${isWrong(name)} aria-describedby=${isWrong(name) ? `f-${name}-wrong` : nothing}>
    ${wrongView(name)}
  </div>`;
}

/**
 * @param {"reason" | "note"} name
 * @param {string} label a text's key
 */
export function longField(name, label) {
  return html`<div>
    <label for=${`f-${name}`}>${t(label)} <span class="small">${t("details.optional")}</span></label>
    <textarea id=${`f-${name}`} name=${name} dir="auto" rows="2" maxlength="1000" .value=${live(draft()[name])}
      @input=${typed} aria-invalid=${isWrong(name)}
      aria-describedby=${isWrong(name) ? `f-${name}-wrong` : nothing}></textarea>
    ${wrongView(name)}
  </div>`;
}

/** @param {{ id: string, name: string }[]} [doctors] who may be chosen */
export function doctorField(doctors = visibleDoctors()) {
  return choice(
    "doctor_id",
    "choose.doctor",
    doctors.map(({ id, name }) => [id, name]),
  );
}

/** Ask when, on the wall clock of the doctor. */
export function whenFields() {
  return html`<div class="beside">
    ${field("date", "desk.date", { type: "date", required: true })}
    ${field("time", "desk.time", { type: "time", required: true, isFirst: draft().time === "" })}
  </div>`;
}

export function lengthField() {
  return html`${field("minutes", "desk.minutes", { type: "number", required: true, min: "1", max: "1440", step: "1" })}`;
}

/** Ask for the service, where there are any, and for the length, where it is free. */
export function serviceAndLengthFields() {
  const offered = state.doctors?.find(({ id }) => id === draft().doctor_id)?.services ?? [];
  const services = state.services.filter(({ id }) => offered.includes(id));
  const chosen = services.find(({ id }) => id === draft().service_id);
  const choices = services.map(
    ({ id, name, duration_minutes }) =>
      /** @type {[string, string]} */ ([
        id,
        duration_minutes
          ? `${isolated(name)} (${t("minutes", { count: duration_minutes })})`
          : name,
      ]),
  );
  return html`${
    services.length > 0
      ? choice("service_id", "choose.service", [["", t("desk.no_service")], ...choices])
      : nothing
  }
  ${chosen?.duration_minutes ? nothing : lengthField()}`;
}

/** Ask who comes and why. */
export function whoFields() {
  return html`${field("name", "details.name", { required: true, longest: LONGEST.name })}
    <div class="beside">
      ${field("phone", "details.phone", { type: "tel", longest: LONGEST.phone })}
      ${field("email", "details.email", { type: "email", longest: LONGEST.email })}
    </div>
    ${longField("reason", "details.reason")}`;
}

/**
 * @param {keyof Draft} name
 * @param {string} label a text's key
 * @param {[string, string][]} choices values and what they are called
 */
export function choice(name, label, choices) {
  return html`<label>${t(label)}
    <select name=${name} @change=${typed}>
      ${choices.map(
        ([value, text]) =>
          html`<option value=${value} .selected=${live(value === draft()[name])}>${text}</option>`,
      )}
    </select>
  </label>`;
}

/** @param {keyof Draft} name */
function wrongView(name) {
  if (!isWrong(name)) return nothing;
  const key = `wrong.${name}`;
  return html`<p class="wrong" id=${`f-${name}-wrong`}>
    ${hasText(key) ? t(key) : wrongFields(state.problem).get(FIELDS[name] ?? name)}</p>`;
}

/** @param {keyof Draft} name */
function isWrong(name) {
  return wrongFields(state.problem).has(FIELDS[name] ?? name);
}

/** @returns {Draft} */
function draft() {
  return /** @type {import("./state.js").Dialog} */ (state.dialog).draft;
}

/** @param {Event} event */
function typed(event) {
  const { name, value } = /** @type {HTMLInputElement} */ (event.target);
  type({ [name]: value });
}
