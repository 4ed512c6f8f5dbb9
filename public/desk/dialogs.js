// The dialogs of the desk: one at a time.

import { html, nothing } from "/vendor/lit-html-3.3.3/lit-html.js";
import { openDialog } from "../scripts/dialog.js";
import { t } from "../scripts/texts.js";
import { dateOf, wallClock } from "../scripts/times.js";
import { affectedView } from "./affected.js";
import { appointmentView } from "./appointment.js";
import { book, cancel, correct, makeOverride, move } from "./changes.js";
import { closeDialog, forgetDialog, type } from "./dialog_state.js";
import {
  doctorField,
  lengthField,
  longField,
  serviceAndLengthFields,
  whenFields,
  whoFields,
} from "./fields.js";
import { overrideFields } from "./override_fields.js";
import { insteadView, problemView, sendingView, whenText } from "./parts.js";
import { columns } from "./shown.js";
import { state, update } from "./state.js";

/** @typedef {import("./state.js").Dialog} Dialog */

/**
 * What each form is called, asks for, and does.
 * @type {Record<string, { title: string, send: string, fields: (dialog: Dialog) => unknown, act: (dialog: Dialog) => Promise<unknown>, anyway?: string, isDanger?: boolean }>}
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
    fields: () => html`${doctorField()} ${serviceAndLengthFields()} ${whoFields()}`,
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
    isDanger: true,
    fields: () => longField("reason", "cancel.reason"),
    act: async ({ appointment, draft }) => appointment && cancel(appointment, draft.reason),
  },
  override: {
    title: "desk.override",
    send: "desk.save",
    fields: ({ draft }) => overrideFields(draft),
    act: ({ draft }) => makeOverride(draft),
  },
};

export function dialogView() {
  const { dialog } = state;
  if (dialog === null) return nothing;
  return html`<dialog ${openDialog()} aria-labelledby="dialog-title" data-dialog=${dialog.kind}
    @cancel=${keepWhileSending} @close=${forgetDialog}>
    ${contentOf(dialog)}
  </dialog>`;
}

/** @param {Dialog} dialog */
function contentOf(dialog) {
  if (dialog.kind === "affected") return affectedView(dialog.made);
  if (dialog.kind === "view") return dialog.appointment && appointmentView(dialog.appointment);
  return formView(dialog);
}

/** @param {Dialog} dialog */
function formView(dialog) {
  const { title, send, fields, isDanger = false } = forms[dialog.kind];
  return html`<form @submit=${submit} novalidate aria-busy=${state.isSending}>
    <h2 id="dialog-title" tabindex="-1">${t(title)}</h2>
    ${aboutView(dialog)}
    <fieldset ?disabled=${state.request !== null}>
      <legend class="unseen">${t(title)}</legend>
      ${fields(dialog)}
    </fieldset>
    ${problemView(state.problem)} ${sendingView()} ${refusedView(dialog)}
    <p class="buttons">
      <button type="submit" class=${isDanger ? "main danger" : "main"} ?disabled=${state.request !== null}>
        ${t(state.isSending ? "details.sending" : send)}</button>
      <button type="button" ?disabled=${state.isSending} @click=${leave}>${t("desk.close")}</button>
    </p>
  </form>`;
}

/** @param {Dialog} dialog */
function aboutView({ appointment }) {
  if (appointment === null) return nothing;
  return html`<p>${appointment.patient.name} · ${appointment.doctor_name}<br>${whenText(appointment)}</p>`;
}

/** @param {Dialog} dialog */
function refusedView(dialog) {
  const { anyway } = forms[dialog.kind];
  if (anyway === undefined) return nothing;
  return insteadView(
    ({ doctor_id, start, time_zone }) => {
      if (dialog.kind === "walk_in") update({ dialog: { ...dialog, kind: "book" } });
      const time = wallClock(start, time_zone).slice(11, 16);
      type({ doctor_id, date: dateOf(start, time_zone), time });
      update({ problem: null });
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

/** @param {Event} event */
function keepWhileSending(event) {
  if (state.isSending) event.preventDefault();
}

function leave() {
  closeDialog("");
}
