// The last step: what is booked, and what can be done with it.

import { html, nothing } from "/vendor/lit-html-3.3.3/lit-html.js";
import { problemView } from "../scripts/problems.js";
import { t } from "../scripts/texts.js";
import { bookAnother } from "./actions.js";
import { appointmentView } from "./mine.js";
import { idsBookedHere, state } from "./state.js";

export function doneView() {
  const { appointment } = state;
  if (appointment === null) return nothing;
  return html`<h1 tabindex="-1">${t("done.title")}</h1>
    <div role="status">${state.notice ? html`<p class="notice">${state.notice}</p>` : nothing}</div>
    ${problemView(state.problem)} ${appointmentView(appointment)}
    ${isKeptHere(appointment) ? html`<p class="small">${t("done.kept_here")}</p>` : nothing}
    <p class="buttons"><button type="button" @click=${bookAnother}>${t("done.another")}</button></p>`;
}

/** Some browsers keep nothing. @param {import("./state.js").Appointment} appointment */
function isKeptHere({ id, status }) {
  return state.person === null && status === "booked" && idsBookedHere().includes(id);
}
