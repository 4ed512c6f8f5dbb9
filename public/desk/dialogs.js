// The dialogs of the desk: one at a time.

import { html, nothing } from "/vendor/lit-html-3.3.3/lit-html.js";
import { openDialog } from "../scripts/dialog.js";
import { locale, t } from "../scripts/texts.js";
import { clock } from "../scripts/times.js";
import { affectedView } from "./affected.js";
import { appointmentView } from "./appointment.js";
import { book, cancel, correct, deleteOverride, makeOverride, mark, move } from "./changes.js";
import { backToList, choose, closeDialog, forgetDialog } from "./dialog_state.js";
import {
  doctorField,
  lengthField,
  longField,
  serviceAndLengthFields,
  whenFields,
  whoFields,
} from "./fields.js";
import { overrideFields } from "./override_fields.js";
import { overrideText } from "./override_text.js";
import { insteadView, problemView, sendingView, whenText } from "./parts.js";
import { columns, doctorName, zoneOf } from "./shown.js";
import { state, update } from "./state.js";

/** @typedef {import("./state.js").Dialog} Dialog */

/**
 * What each form is called, asks for, and does.
 * @type {Record<string, { title: string, send: string, fields: (dialog: Dialog) => unknown, act: (dialog: Dialog) => Promise<unknown>, anyway?: string, keep?: string, isDanger?: boolean }>}
 */
const forms = {
  book: {
    title: "desk.new",
    send: "desk.book",
    anyway: "desk.book_anyway",
    fields: () => html`${doctorField()} ${whenFields()} ${serviceAndLengthFields()} ${whoFields()}`,
    act: ({ draft, allow }) => book(draft, allow),
  },
  walk_in: {
    title: "desk.walk_in",
    send: "desk.book_now",
    anyway: "desk.book_anyway",
    fields: ({ draft }) =>
      html`${fromNowView(draft)} ${doctorField()} ${serviceAndLengthFields()} ${whoFields()}`,
    act: ({ draft, allow }) => book(draft, allow),
  },
  move: {
    title: "desk.move",
    send: "desk.move_send",
    anyway: "desk.move_anyway",
    fields: () => html`${doctorField(columns())} ${whenFields()} ${lengthField()}`,
    act: async ({ appointment, draft, allow }) => appointment && move(appointment, draft, allow),
  },
  edit: {
    title: "desk.edit",
    send: "desk.save",
    fields: () => whoFields(),
    act: async ({ appointment, draft }) => appointment && correct(appointment, draft),
  },
  cancel: {
    title: "cancel.title",
    send: "cancel.send",
    keep: "cancel.keep",
    isDanger: true,
    fields: () => longField("reason", "cancel.reason"),
    act: async ({ appointment, draft }) => appointment && cancel(appointment, draft.reason),
  },
  fulfilled: {
    title: "desk.ask.fulfilled",
    send: "desk.mark.fulfilled",
    fields: noWayBack,
    act: async ({ appointment }) => appointment && mark(appointment, "fulfilled"),
  },
  no_show: {
    title: "desk.ask.no_show",
    send: "desk.mark.no_show",
    isDanger: true,
    fields: noWayBack,
    act: async ({ appointment }) => appointment && mark(appointment, "no_show"),
  },
  override: {
    title: "desk.override",
    send: "desk.save",
    fields: ({ draft }) => overrideFields(draft),
    act: ({ draft }) => makeOverride(draft),
  },
  delete_override: {
    title: "desk.ask.delete",
    send: "desk.delete",
    keep: "cancel.keep",
    isDanger: true,
    fields: ({ override }) =>
      override && html`<p>${doctorName(override.doctor_id)}<br>${overrideText(override, true)}</p>`,
    act: async ({ override }) => override && deleteOverride(override),
  },
};

export function dialogView() {
  const { dialog } = state;
  if (dialog === null) return nothing;
  return html`<dialog ${openDialog()} aria-labelledby="dialog-title" data-dialog=${dialog.kind}
    @cancel=${keepOpen} @close=${forgetDialog}>
    ${contentOf(dialog)}
  </dialog>`;
}

/** @param {Dialog} dialog */
function contentOf(dialog) {
  if (dialog.kind === "affected") return affectedView(dialog.made);
  if (dialog.kind === "view") return dialog.appointment && appointmentView(dialog.appointment);
  return formView(dialog);
}

/**
 * Show a form. What is answered stands below the buttons, so that they stay under the mouse.
 * @param {Dialog} dialog
 */
function formView(dialog) {
  const { title, send, fields, keep = "desk.leave", isDanger = false } = forms[dialog.kind];
  return html`<form @submit=${submit} novalidate aria-busy=${state.isSending}>
    <h2 id="dialog-title" tabindex="-1">${t(title)}</h2>
    ${aboutView(dialog)}
    <fieldset ?disabled=${state.request !== null}>
      <legend class="unseen">${t(title)}</legend>
      ${fields(dialog)}
    </fieldset>
    <p class="buttons">
      <button type="submit" class=${isDanger ? "main danger" : "main"} ?disabled=${state.request !== null}
        @click=${ignoreSecond}>${t(state.isSending ? "details.sending" : send)}</button>
      <button type="button" ?disabled=${state.isSending} @click=${leave}>${t(keep)}</button>
    </p>
    ${problemView(state.problem)} ${sendingView()} ${chosenView(dialog)} ${refusedView(dialog)}
  </form>`;
}

/** @param {Dialog} dialog */
function aboutView({ appointment }) {
  if (appointment === null) return nothing;
  return html`<p><bdi>${appointment.patient.name}</bdi> · <bdi>${appointment.doctor_name}</bdi><br>
    ${whenText(appointment)}</p>`;
}

function noWayBack() {
  return html`<p>${t("desk.ask.no_way_back")}</p>`;
}

/** Say when somebody who walks in is seen. @param {import("./state.js").Draft} draft */
function fromNowView({ doctor_id, date, time }) {
  const at = time
    ? clock(`${date}T${time}Z`, "UTC", locale)
    : clock(Date.now(), zoneOf(doctor_id), locale);
  return html`<p>${t(time ? "desk.later_today" : "desk.from_now", { time: at })}</p>`;
}

/** Say that the time is another one than was asked for. @param {Dialog} dialog */
function chosenView({ chosen }) {
  const isDue = chosen !== null && state.problem === null && !state.isSending;
  return html`<div role="status">${isDue ? html`<p class="notice">${chosen}</p>` : nothing}</div>`;
}

/** @param {Dialog} dialog */
function refusedView(dialog) {
  const { anyway } = forms[dialog.kind];
  if (anyway === undefined) return nothing;
  return insteadView(
    (opening) => {
      choose(opening);
      queueMicrotask(focusTime);
    },
    anyway,
    (rule) => {
      const allowing = { ...dialog, allow: [...dialog.allow, rule] };
      update({ dialog: allowing });
      forms[dialog.kind].act(allowing);
    },
  );
}

/** @param {SubmitEvent} event */
function submit(event) {
  event.preventDefault();
  const form = /** @type {HTMLFormElement} */ (event.target);
  const { dialog } = state;
  if (dialog && state.request === null && form.reportValidity()) forms[dialog.kind].act(dialog);
}

/** Of a double click, the second one is meant for what was there before. @param {MouseEvent} event */
function ignoreSecond(event) {
  if (event.detail > 1) event.preventDefault();
}

/** Escape leaves, unless something would be lost. @param {Event} event */
function keepOpen(event) {
  if (state.isSending || isKept() || backToList()) event.preventDefault();
}

function isKept() {
  return state.dialog?.isTyped && state.request === null && !confirm(t("desk.discard"));
}

function leave() {
  closeDialog("");
}

/** Lead on from an opening that is gone. */
function focusTime() {
  (document.getElementById("f-time") ?? document.getElementById("dialog-title"))?.focus();
}
