// The visitor's appointments.

import { html, nothing } from "/vendor/lit-html-3.3.3/lit-html.js";
import { openDialog } from "../scripts/dialog.js";
import { focusHeading } from "../scripts/frame.js";
import { problemView, waitingView } from "../scripts/problems.js";
import { t } from "../scripts/texts.js";
import { bookAnother, startMove } from "./actions.js";
import { cancel, saveFile } from "./my_appointments.js";
import { state, update } from "./state.js";
import { whatView } from "./what.js";
import { whenView } from "./when.js";

/** @typedef {import("./state.js").Appointment} Appointment */

export function mineView() {
  const mine = state.mine ?? [];
  const current = mine.filter(isCurrent);
  const others = mine.filter((each) => !isCurrent(each)).reverse();
  const isNamed = others.some(({ id }) => id === state.named);
  return html`<h1 tabindex="-1">${t("mine.title")}</h1>
    ${waitingView(state.waiting, state.request !== null)} ${problemView(state.problem)}
    <p role="status">${statusOf(current)}</p>
    ${listOf(current)}
    ${
      others.length > 0
        ? html`<details ?open=${isNamed}><summary>${t("mine.past", { count: others.length })}</summary>${listOf(others)}</details>`
        : nothing
    }
    <p class="buttons"><button type="button" @click=${bookAnother}>${t("mine.book")}</button></p>`;
}

/**
 * Show one appointment, and what can be done with it.
 * @param {Appointment} appointment
 */
export function appointmentView(appointment) {
  const { status, reason, patient } = appointment;
  const standing = standingOf(appointment);
  return html`<article class="appointment" data-appointment=${appointment.id}>
    <h2>${status === "cancelled" ? html`<s>${whenView(appointment)}</s>` : whenView(appointment)}</h2>
    <p>${whatView(appointment)}
      ${standing === "booked" ? nothing : html`<span class="status">${t(`status.${standing}`)}</span>`}</p>
    <p>${whoView(patient)}</p>
    ${reason ? html`<p class="reason">${reason}</p>` : nothing}
    ${isComing(appointment) ? buttonsOf(appointment) : nothing}
    ${state.cancelling?.id === appointment.id ? cancelDialog(appointment) : nothing}
  </article>`;
}

/** @param {Appointment["patient"]} patient */
function whoView({ name, email, phone }) {
  const [first, ...others] = [name, email, phone]
    .filter(Boolean)
    .map((each) => html`<bdi>${each}</bdi>`);
  return [first, ...others.map((each) => html` · ${each}`)];
}

/** @param {Appointment} appointment */
function buttonsOf(appointment) {
  return html`<p class="buttons">
    <button type="button" @click=${() => startMove(appointment)}>${t("mine.move")}</button>
    <button type="button" @click=${() => update({ cancelling: appointment })}>${t("mine.cancel")}</button>
    <button type="button" @click=${() => saveFile(appointment)}>${t("mine.calendar")}</button>
  </p>`;
}

/** @param {Appointment} appointment */
function cancelDialog(appointment) {
  const close = () => update({ cancelling: null });
  /** @param {SubmitEvent} event */
  const send = async (event) => {
    event.preventDefault();
    if (state.isSending) return;
    update({ isSending: true });
    const form = /** @type {HTMLFormElement} */ (event.target);
    await cancel(appointment, String(new FormData(form).get("reason")));
    update({ isSending: false });
    close();
    // The button that opened the dialog may be gone, and the heading is inert until the dialog is.
    queueMicrotask(focusHeading);
  };
  return html`<dialog ${openDialog()} @close=${close} aria-labelledby="cancel-title">
    <form @submit=${send}>
      <h2 id="cancel-title">${t("cancel.title")}</h2>
      <p>${appointment.doctor_name}<br>${whenView(appointment)}</p>
      <label for="cancel-reason">${t("cancel.reason")}
        <span class="small">${t("details.optional")}</span></label>
      <textarea id="cancel-reason" name="reason" rows="2" maxlength="1000"></textarea>
      <p class="buttons">
        <button type="submit" class="main danger" ?disabled=${state.isSending}>${t("cancel.send")}</button>
        <button type="button" ?disabled=${state.isSending} @click=${close}>${t("cancel.keep")}</button>
      </p>
    </form>
  </dialog>`;
}

/** @param {Appointment[]} current */
function statusOf(current) {
  if (state.notice) return state.notice;
  if (state.mine === null) return state.problem ? nothing : t("searching");
  return current.length === 0 ? t("mine.none") : t("mine.count", { count: current.length });
}

/** @param {Appointment[]} appointments */
function listOf(appointments) {
  return html`<div class="appointments">
    ${appointments.map(appointmentView)}
  </div>`;
}

/** @param {Appointment} appointment */
function isComing({ status, start }) {
  return status === "booked" && Date.parse(start) > Date.now();
}

/** Whether somebody still comes, or is there. @param {Appointment} appointment */
function isCurrent({ status, end }) {
  return (status === "booked" || status === "arrived") && Date.parse(end) > Date.now();
}

/** Return what became of an appointment, also where nobody noted it. @param {Appointment} appointment */
function standingOf(appointment) {
  const { status } = appointment;
  if (isComing(appointment) || (status !== "booked" && status !== "arrived")) return status;
  if (!isCurrent(appointment)) return "past";
  return status === "booked" ? "begun" : status;
}
