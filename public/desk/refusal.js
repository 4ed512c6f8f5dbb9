// What was refused, at the place where it was dropped.

import { ref } from "/vendor/lit-html-3.3.3/directives/ref.js";
import { html, nothing } from "/vendor/lit-html-3.3.3/lit-html.js";
import { t } from "../scripts/texts.js";
import { breakableRule } from "./changes.js";
import { turnTo } from "./dialog_state.js";
import { moveAnyway } from "./dragging.js";
import { deskSentence } from "./problems.js";
import { state, update } from "./state.js";

const MARGIN = 8;

export function refusalView() {
  return html`<div role="alert" class="apart">${state.refusal ? messageOf(state.refusal) : nothing}</div>`;
}

/** @param {import("./state.js").Refusal} refusal */
function messageOf({ problem, appointment, wanted, place }) {
  const rule = breakableRule(problem);
  return html`<div class="refusal problem" ${ref((element) => putAt(element, place))}>
    <p>${t("desk.not_moved", { name: appointment.patient.name })} ${deskSentence(problem)}</p>
    <p class="buttons">
      ${rule ? html`<button type="button" data-break=${rule} @click=${() => moveAnyway(rule)}>${t("desk.move_anyway")}</button>` : nothing}
      <button type="button" @click=${() => choose(appointment, wanted, problem)}>${t("desk.other_time")}</button>
      <button type="button" @click=${() => update({ refusal: null })}>${t("desk.close")}</button>
    </p>
  </div>`;
}

/**
 * Choose in the dialog, which shows what is free instead.
 * @param {import("./state.js").Appointment} appointment
 * @param {Partial<import("./state.js").Draft>} wanted
 * @param {unknown} problem
 */
function choose(appointment, wanted, problem) {
  turnTo(appointment, "move", wanted);
  update({ problem });
}

/**
 * Put it beside the place, and whole into the window: on the page, it has a size.
 * @param {Element | undefined} element
 * @param {{ x: number, y: number }} place
 */
function putAt(element, { x, y }) {
  if (!(element instanceof HTMLElement)) return;
  queueMicrotask(() => {
    const { offsetWidth, offsetHeight, style } = element;
    style.left = `${Math.max(MARGIN, Math.min(x, innerWidth - offsetWidth - MARGIN))}px`;
    style.top = `${Math.max(MARGIN, Math.min(y, innerHeight - offsetHeight - MARGIN))}px`;
  });
}
