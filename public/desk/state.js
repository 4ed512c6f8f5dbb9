// What the front desk knows and shows.

import { NOT_SIGNING_IN } from "../scripts/sign_in_view.js";
import { keepInTab, keptInTab, storeOf } from "../scripts/store.js";

/** @typedef {import("#api").components["schemas"]} Schemas */
/** @typedef {Schemas["Appointment"]} Appointment */
/** @typedef {Schemas["Doctor"]} Doctor */
/** @typedef {Schemas["Override"]} Override */
/** @typedef {Schemas["Service"]} Service */
/** @typedef {Pick<Doctor, "id" | "name" | "time_zone" | "working_hours">} Column a doctor who is shown */
/** @typedef {"booked" | "received" | "moved" | "marked" | "cancelled" | "corrected" | "override_made" | "override_deleted"} FollowUp */
/** @typedef {{ name: string, body: object, key: string, version?: number, then: FollowUp }} Request a change, its idempotency key, and what follows the answer */
/** @typedef {"book" | "walk_in" | "view" | "edit" | "move" | "cancel" | "fulfilled" | "no_show" | "override" | "affected" | "delete_override"} Kind */

/**
 * @typedef {object} Draft what is typed into a dialog: texts, as the fields have them
 * @property {string} doctor_id
 * @property {string} date
 * @property {string} time
 * @property {string} minutes
 * @property {string} service_id
 * @property {string} name
 * @property {string} email
 * @property {string} phone
 * @property {string} reason
 * @property {string} kind of an override
 * @property {string} last the date that an override ends on
 * @property {string} until the time that it ends at; with `time` empty, whole days
 * @property {string} note
 */

/**
 * @typedef {object} Dialog
 * @property {Kind} kind
 * @property {Draft} draft
 * @property {Appointment | null} appointment that it is about
 * @property {string[]} allow the rules that may be broken
 * @property {Schemas["CreatedOverride"] | null} made whose appointments are gone through
 * @property {Override | null} override that it is about
 * @property {string | null} chosen what is said of an opening that was chosen instead
 * @property {boolean} isTyped whether something would be lost
 */

/**
 * @typedef {object} Refusal of what was dragged, at the place where it was dropped
 * @property {unknown} problem
 * @property {Appointment} appointment
 * @property {Partial<Draft>} wanted
 * @property {string[]} allow
 * @property {{ x: number, y: number }} place in the window
 */

/**
 * @typedef {object} State
 * @property {"day" | "week"} span
 * @property {string} date
 * @property {string} doctorId whose week is shown
 * @property {Doctor[] | null} doctors null until they are known
 * @property {Service[]} services
 * @property {Appointment[] | null} appointments null until they are known
 * @property {Override[]} overrides
 * @property {number} freshAt when the appointments were last known to be as they are shown
 * @property {unknown} failure why the last attempt to ask for what is shown failed
 * @property {string} search
 * @property {Dialog | null} dialog
 * @property {Refusal | null} refusal
 * @property {Request | null} request on its way, or without an answer
 * @property {boolean} isSending
 * @property {import("../scripts/patience.js").Waiting | null} waiting
 * @property {unknown} problem the error that is shown
 * @property {string | null} notice a text that is shown and read out
 * @property {"open" | "sign_in" | "forbidden"} access
 * @property {import("../scripts/sign_in_view.js").SigningIn} signingIn
 * @property {import("../scripts/sign_in.js").Person | null} person who is signed in
 */

/** @type {State} */
const initial = {
  span: "day",
  date: "",
  doctorId: "",
  doctors: null,
  services: [],
  appointments: null,
  overrides: [],
  freshAt: 0,
  failure: null,
  search: "",
  dialog: null,
  refusal: null,
  request: null,
  isSending: false,
  waiting: null,
  problem: null,
  notice: null,
  access: "open",
  signingIn: NOT_SIGNING_IN,
  person: null,
};

export const { state, update, onChange } = storeOf(initial);

const UNANSWERED = "unanswered";

/** Keep the change that is without an answer until the tab is closed, with what was typed for it. */
export function saveChange() {
  const { request, dialog } = state;
  keepInTab(UNANSWERED, request && { request, dialog, uid: uid() });
}

/**
 * Return what was kept; null if there is nothing, or if it is somebody else's.
 * @returns {{ request: Request, dialog: Dialog | null } | null}
 */
export function savedChange() {
  const kept = keptInTab(UNANSWERED);
  return kept?.uid === uid() ? kept : null;
}

function uid() {
  return state.person?.uid ?? null;
}
