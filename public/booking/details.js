// The second step: who comes and why, while the time is kept.

import { html, nothing } from "/vendor/lit-html-3.3.3/lit-html.js";
import { Problem } from "../scripts/api.js";
import { isOfTheTime, problemView, waitingView, wrongFields } from "../scripts/problems.js";
import { t } from "../scripts/texts.js";
import { chooseAnother, keepAgain, keepAsItIs, submit } from "./actions.js";
import { openingButton } from "./choosing.js";
import { doctorName, minutesWanted, serviceWanted } from "./searching.js";
import { saveDraft, state, update } from "./state.js";
import { whatView } from "./what.js";
import { whenView } from "./when.js";

const MINUTE_S = 60;
const LONGEST = { name: 200, email: 254, phone: 50, reason: 1000 };

export function detailsView() {
  const { time, moving } = state;
  if (time === null) return nothing;
  return html`<h1 tabindex="-1">${t(moving ? "move.title" : "details.title")}</h1>
    ${timeView(time)} ${waitingView(state.waiting, state.request !== null)} ${problemView(state.problem)} ${othersView()}
    <form @submit=${send} novalidate aria-busy=${state.isSending}>
      <fieldset ?disabled=${state.isSending || state.request !== null}>
        <legend class="unseen">${t("details.who")}</legend>
        ${moving ? nothing : fieldsView()}
      </fieldset>
      <p class="buttons">
        <button type="submit" class="main" ?disabled=${state.isSending || isGone()}>${sendLabel()}</button>
        <button type="button" ?disabled=${state.isSending || state.request !== null} @click=${chooseAnother}>
          ${t("details.back")}</button>
        ${
          state.moving
            ? html`<button type="button" ?disabled=${state.request !== null} @click=${keepAsItIs}>${t("move.keep")}</button>`
            : nothing
        }
      </p>
    </form>`;
}

/** @param {import("./state.js").Time} time */
function timeView(time) {
  const service_id = serviceWanted();
  const doctor_name = doctorName(time.doctor_id);
  return html`<div class="chosen">
    ${state.moving ? html`<p>${t("move.from")} ${whenView(state.moving)}</p>` : nothing}
    <p>${state.moving ? t("move.to") : nothing} <strong>${whenView(withEnd(time))}</strong></p>
    <p>${whatView({ doctor_name, service_id, duration_minutes: minutesWanted() })}</p>
    ${state.moving ? nothing : holdView()}
  </div>`;
}

/** @param {import("./state.js").Time} time */
function withEnd(time) {
  const end = new Date(Date.parse(time.start) + minutesWanted() * 60_000).toISOString();
  return { ...time, end };
}

/** Whether the function has just said that this time cannot be had. */
function isGone() {
  return state.problem instanceof Problem && isOfTheTime(state.problem.code);
}

function holdView() {
  const { holding } = state;
  if (holding === "gone") return nothing;
  if (holding !== "held" || state.hold === null)
    return html`<p class="hold" role="status">${t(`hold.${holding}`)}</p>
      ${
        holding === "over"
          ? html`<p><button type="button" ?disabled=${state.isSending} @click=${keepAgain}>${t("hold.again")}</button></p>`
          : nothing
      }`;
  const left = Math.max(0, Math.ceil((state.hold.until - Date.now()) / 1000));
  const minutes = Math.floor(left / MINUTE_S);
  const seconds = String(left % MINUTE_S).padStart(2, "0");
  // The seconds are for the eye; to hear every one of them would be unbearable.
  return html`<p class="hold">
    <span aria-hidden="true">${t("hold.left", { time: `${minutes}:${seconds}` })}</span>
    <span class="unseen" role="status">${t("hold.minutes", { count: Math.ceil(left / MINUTE_S) })}</span>
  </p>`;
}

/** Offer other times where the chosen one is gone: what is typed stays. */
function othersView() {
  const openings = othersFree();
  if (openings.length === 0) return nothing;
  return html`<section class="others" aria-labelledby="others-title">
    <h2 id="others-title">${t("others.title")}</h2>
    <ul class="openings">${openings.map((opening) => html`<li>${openingButton(opening)}</li>`)}</ul>
  </section>`;
}

/** Return what a refusal names or, where it names none, what was searched after it. */
function othersFree() {
  const named = state.problem instanceof Problem ? (state.problem.details.openings ?? []) : [];
  return named.length === 0 && isGone() ? (state.next ?? []) : named;
}

function fieldsView() {
  const wrong = wrongFields(state.problem);
  return html`
    ${field("name", wrong, { autocomplete: "name", required: true })}
    ${field("email", wrong, { type: "email", autocomplete: "email" })}
    ${field("phone", wrong, { type: "tel", autocomplete: "tel" })} ${reasonField(wrong)}
  `;
}

/**
 * @param {"name" | "email" | "phone"} name
 * @param {Map<string, string>} wrong
 * @param {{ type?: string, autocomplete: "name" | "email" | "tel", required?: boolean }} options
 */
function field(name, wrong, { type = "text", autocomplete, required = false }) {
  const said = wrong.get(`patient.${name}`);
  return html`<label for=${name}>${t(`details.${name}`)}
      ${required ? nothing : html`<span class="small">${t("details.optional")}</span>`}</label>
    <input id=${name} name=${name} type=${type} autocomplete=${autocomplete} aria-required=${required}
      maxlength=${LONGEST[name]} .value=${state.draft[name]} @input=${type_}
      aria-invalid=${said !== undefined} aria-describedby=${`${name}-wrong`}>
    <p class="wrong" id=${`${name}-wrong`}>${said ? t(`wrong.${name}`) : nothing}</p>`;
}

/** @param {Map<string, string>} wrong */
function reasonField(wrong) {
  const said = wrong.get("reason");
  return html`<label for="reason">${t("details.reason")}
      <span class="small">${t("details.optional")}</span></label>
    <textarea id="reason" name="reason" dir="auto" rows="3" maxlength=${LONGEST.reason} @input=${type_}
      .value=${state.draft.reason} aria-invalid=${said !== undefined}
      aria-describedby="reason-wrong"></textarea>
    <p class="wrong" id="reason-wrong">${said ? t("wrong.reason") : nothing}</p>`;
}

function sendLabel() {
  if (state.isSending) return t("details.sending");
  if (state.request) return t("details.again");
  return t(state.moving ? "move.send" : "details.send");
}

/** @param {Event} event */
function type_(event) {
  const { name, value } = /** @type {HTMLInputElement} */ (event.target);
  const field = name === "reason" ? name : `patient.${name}`;
  update({ draft: { ...state.draft, [name]: value }, problem: without(field, state.problem) });
  saveDraft();
}

/**
 * Return an error without what it says of a field, which is being mended; null if that was all.
 * @param {string} field
 * @param {unknown} problem
 */
function without(field, problem) {
  if (!(problem instanceof Problem) || !wrongFields(problem).has(field)) return problem;
  const errors = (problem.details.errors ?? []).filter((error) => error.field !== field);
  return errors.length > 0 ? new Problem({ ...problem.details, errors }) : null;
}

/** @param {SubmitEvent} event */
function send(event) {
  event.preventDefault();
  submit();
}
