// What the booking page knows and shows, and what of it is kept until the tab is closed.

import clinic from "/clinic.js";
import {
  keepInTab,
  keptInTab,
  remember,
  remembered,
  storeOf,
  UNFINISHED,
} from "../scripts/store.js";
import { visitorZone } from "../scripts/times.js";

/** @typedef {import("#api").components["schemas"]} Schemas */
/** @typedef {Schemas["Appointment"]} Appointment */
/** @typedef {Schemas["Doctor"]} Doctor */
/** @typedef {Schemas["Opening"]} Opening */
/** @typedef {Schemas["Service"]} Service */
/** @typedef {{ start: string, doctor_id: string, time_zone: string }} Time */
/** @typedef {"choose" | "details" | "done" | "mine" | "sign_in"} View */
/** @typedef {{ hold_id: string, until: number }} Hold `until` on this machine's clock */
/** @typedef {{ name: string, email: string, phone: string, reason: string }} Draft */
/** @typedef {{ name: string, body: object, key: string, version?: number }} Request a change, and its idempotency key */
/** @typedef {import("../scripts/patience.js").Waiting} Waiting */
/** @typedef {import("../scripts/sign_in.js").Person} Person */

/**
 * @typedef {object} State
 * @property {View} view
 * @property {string} zone the visitor's
 * @property {Doctor[] | null} doctors null until they are known
 * @property {Service[]} services
 * @property {string} doctorId empty for any doctor
 * @property {string} serviceId empty where the clinic has none
 * @property {number} minutes the length where the service has none
 * @property {boolean} isOtherLength whether the length is typed
 * @property {Opening[] | null} next the first openings; null while they are searched
 * @property {string | null} none why there are none
 * @property {string} month that is shown
 * @property {Map<string, Time[]>} days the free times of each day whose search has ended
 * @property {unknown} refusal why a search found nothing
 * @property {string | null} day that is chosen
 * @property {Time | null} time that is chosen
 * @property {Hold | null} hold
 * @property {string | null} holdKey the idempotency key of the hold
 * @property {"asked" | "held" | "not_held" | "over" | "gone"} holding
 * @property {Draft} draft what is typed
 * @property {Request | null} request on its way, or without an answer
 * @property {boolean} isSending
 * @property {Waiting | null} waiting
 * @property {unknown} problem the error that is shown
 * @property {string | null} notice a text that is shown and read out
 * @property {Appointment | null} appointment the one that was just booked, moved or cancelled
 * @property {Appointment[] | null} mine null while they are searched
 * @property {string | null} named the id of the appointment that a link leads to
 * @property {Appointment | null} moving
 * @property {Appointment | null} cancelling
 * @property {import("../scripts/sign_in_view.js").SigningIn} signingIn
 * @property {Person | null} person who is signed in
 * @property {(() => Promise<unknown>) | null} afterSignIn what signing in was for
 */

/** @type {State} */
const initial = {
  view: "choose",
  zone: visitorZone(),
  doctors: null,
  services: [],
  doctorId: "",
  serviceId: "",
  minutes: clinic.lengths[0],
  isOtherLength: false,
  next: null,
  none: null,
  month: "",
  days: new Map(),
  refusal: null,
  day: null,
  time: null,
  hold: null,
  holdKey: null,
  holding: "asked",
  draft: { name: "", email: "", phone: "", reason: "" },
  request: null,
  isSending: false,
  waiting: null,
  problem: null,
  notice: null,
  appointment: null,
  mine: null,
  named: null,
  moving: null,
  cancelling: null,
  signingIn: { isBusy: false, wrong: null, told: null },
  person: null,
  afterSignIn: null,
};

export const { state, update, onChange } = storeOf(initial);

const BOOKED = "booked";
const BOOKED_HERE = "appointments";
const MOST_REMEMBERED = 50;

/** Keep what is typed, held, and without an answer. */
export function saveDraft() {
  const { time, hold, holdKey, draft, request, moving, serviceId, minutes } = state;
  keepInTab(
    UNFINISHED,
    time && { time, hold, holdKey, draft, request, moving, serviceId, minutes },
  );
}

/** Keep which appointment is shown as booked. @param {string} id */
export function saveBooked(id) {
  keepInTab(BOOKED, id);
}

/** @returns {string | null} */
export function savedBooked() {
  return keptInTab(BOOKED);
}

/**
 * Remember an appointment that nobody signed in for.
 * @param {string} id
 */
export function rememberBooked(id) {
  const ids = [...new Set([id, ...idsBookedHere()])].slice(0, MOST_REMEMBERED);
  remember(BOOKED_HERE, JSON.stringify(ids));
}

/** Return what was booked in this browser while nobody was signed in. @returns {string[]} */
export function idsBookedHere() {
  return JSON.parse(remembered(BOOKED_HERE) ?? "[]");
}

/** Return what was kept, or null. @returns {Partial<State> | null} */
export function savedDraft() {
  return keptInTab(UNFINISHED);
}
