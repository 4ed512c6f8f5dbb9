// What the staff change. A change has one idempotency key, however often it is sent.

import { get, NoAnswer, Problem, post } from "../scripts/api.js";
import { focusWrong } from "../scripts/frame.js";
import { untilAnswered } from "../scripts/patience.js";
import { saysNothing } from "../scripts/problems.js";
import { locale, t } from "../scripts/texts.js";
import { clock, dateOf, shortDate } from "../scripts/times.js";
import { showDate } from "./address.js";
import { closeDialog } from "./dialog_state.js";
import { reload, replace } from "./loading.js";
import { spanOf } from "./override_text.js";
import { doctorName, overlaps } from "./shown.js";
import { saveChange, savedChange, state, update } from "./state.js";

/** @typedef {import("./state.js").Appointment} Appointment */
/** @typedef {import("./state.js").Dialog} Dialog */
/** @typedef {import("./state.js").Draft} Draft */
/** @typedef {import("./state.js").Request} Request */

/**
 * What follows the answer to a change.
 * @type {Record<Request["then"], (answer: any) => unknown>}
 */
const followUps = {
  booked: (appointment) => finish(appointment, "desk.booked"),
  received: receive,
  moved: (appointment) => finish(appointment, "desk.moved"),
  marked: (appointment) => finish(appointment, `desk.marked.${appointment.status}`),
  cancelled: (appointment) => finish(appointment, "desk.cancelled"),
  corrected: (appointment) => finish(appointment, "desk.corrected"),
  override_made: showAffected,
  override_deleted: sayDeleted,
};

// The rules that staff may break, if they say so.
const BREAKABLE = /^(outside_working_hours|time_off|too_soon|too_late|in_the_past|patient_busy)$/;

/**
 * Return the rule that stands in the way and may be broken; null if there is none.
 * @param {unknown} problem
 */
export function breakableRule(problem) {
  return problem instanceof Problem && BREAKABLE.test(problem.code) ? problem.code : null;
}

/**
 * Book, with what is typed. Who walks in has arrived.
 * @param {Draft} draft
 * @param {string[]} allow
 */
export async function book(draft, allow) {
  const body = {
    doctor_id: draft.doctor_id,
    start: startOf(draft),
    ...lengthOf(draft),
    patient: whoOf(draft),
    reason: draft.reason.trim() || undefined,
    allow: allow.length > 0 ? allow : undefined,
  };
  await change(
    "create_appointment",
    body,
    state.dialog?.kind === "walk_in" ? "received" : "booked",
  );
}

/** It is booked and today, whatever becomes of the mark. @param {Appointment} appointment */
async function receive(appointment) {
  showDate(dateOf(appointment.start, appointment.time_zone));
  replace(appointment);
  if (state.dialog) update({ dialog: { ...state.dialog, kind: "view", appointment } });
  await mark(appointment, "arrived");
}

/**
 * Move an appointment to a time, a doctor or a length.
 * @param {Appointment} appointment
 * @param {Partial<Draft>} wanted
 * @param {string[]} allow
 */
export async function move({ id, version }, wanted, allow) {
  const body = {
    appointment_id: id,
    start: startOf(wanted),
    duration_minutes: Number(wanted.minutes),
    doctor_id: wanted.doctor_id,
    allow: allow.length > 0 ? allow : undefined,
  };
  await change("reschedule_appointment", body, "moved", version);
}

/**
 * Record what happened at the clinic.
 * @param {Appointment} appointment
 * @param {"arrived" | "fulfilled" | "no_show"} status
 */
export async function mark({ id, version }, status) {
  await change("mark_appointment", { appointment_id: id, status }, "marked", version);
}

/**
 * @param {Appointment} appointment
 * @param {string} reason
 */
export async function cancel({ id, version }, reason) {
  const body = { appointment_id: id, reason: reason.trim() || undefined };
  await change("cancel_appointment", body, "cancelled", version);
}

/**
 * Correct who comes and why.
 * @param {Appointment} appointment
 * @param {Draft} draft
 */
export async function correct({ id, version }, draft) {
  const body = { appointment_id: id, patient: whoOf(draft), reason: draft.reason.trim() || null };
  await change("update_appointment", body, "corrected", version);
}

/**
 * Give a doctor time off or extra hours.
 * @param {Draft} draft
 */
export async function makeOverride(draft) {
  const { doctor_id, kind, date, last, time, until, note } = draft;
  const end = kind === "time_off" ? last || date : date;
  const times = time ? { start: `${date}T${time}`, end: `${end}T${until}` } : { start: date, end };
  const body = { doctor_id, kind, ...times, note: note.trim() || undefined };
  await change("create_override", body, "override_made");
}

/** @param {import("./state.js").Schemas["CreatedOverride"]} made */
async function showAffected(made) {
  await reload();
  if (made.affected_count === 0) closeDialog(t(`desk.saved.${made.kind}`));
  else if (state.dialog)
    update({ dialog: { ...state.dialog, kind: "affected", made, isTyped: false } });
}

/** @param {import("./state.js").Override} override */
export async function deleteOverride({ override_id }) {
  await change("delete_override", { override_id }, "override_deleted");
}

/** @param {import("./state.js").Override} deleted */
async function sayDeleted(deleted) {
  const values = { doctor: doctorName(deleted.doctor_id), when: spanOf(deleted) };
  closeDialog(t(`desk.deleted.${deleted.kind}`, values));
  await reload();
}

/** Send again what has no answer yet. */
export async function sendAgain() {
  if (state.request) await send(state.request);
}

/** Go on with a change that was without an answer when the page was left. */
export async function resume() {
  const kept = savedChange();
  if (kept === null) return;
  update({ dialog: kept.dialog });
  await send(kept.request);
}

/**
 * @param {string} name of the function
 * @param {object} body
 * @param {Request["then"]} then
 * @param {number} [version]
 */
async function change(name, body, then, version) {
  await send({ name, body, key: crypto.randomUUID(), then, version });
}

/**
 * Send a change until it is answered. Only one is on its way at a time: to click twice does nothing.
 * @param {Request} request
 */
async function send(request) {
  if (state.isSending) return;
  update({ request, isSending: true, problem: null, notice: null });
  saveChange();
  const { name, body, key, version } = request;
  try {
    const attempt = () => post(name, body, { key, version });
    const answer = await untilAnswered(attempt, (waiting) => update({ waiting }));
    update({ request: null, isSending: false });
    saveChange();
    await followUps[request.then](answer);
  } catch (error) {
    update({ isSending: false });
    await settle(error);
  }
}

/** @param {unknown} error */
async function settle(error) {
  if (!(error instanceof Problem || error instanceof NoAnswer)) throw error;
  // Where nobody knows what happened, the same request is sent again, with its own key.
  update({ problem: error, request: saysNothing(error) ? state.request : null });
  saveChange();
  if (error instanceof Problem && error.status === 401) update({ access: "sign_in" });
  if (error instanceof Problem && error.code === "version_mismatch") await lookAgain(error);
  focusWrong("dialog"); // What had the focus was disabled meanwhile.
}

/** Show what the appointment has become. @param {Problem} problem */
async function lookAgain(problem) {
  const id = state.dialog?.appointment?.id;
  if (id === undefined) return reload();
  /** @type {Appointment} */
  const appointment = await get("get_appointment", { appointment_id: id });
  replace(appointment);
  const { dialog } = state;
  if (!dialog?.appointment) return;
  if (isPointless(dialog, appointment)) return leaveForm(dialog, appointment, problem);
  const draft = rebased(dialog.draft, dialog.appointment, appointment);
  update({ dialog: { ...dialog, appointment, draft } });
}

/**
 * Tell whether a form asks for what the new status rules out. Texts can be corrected until it is cancelled.
 * @param {Dialog} dialog
 * @param {Appointment} now
 */
function isPointless({ kind, appointment }, { status }) {
  return status !== appointment?.status && (kind !== "edit" || status === "cancelled");
}

/**
 * Show the appointment instead of a form that would be refused again, and say why.
 * @param {Dialog} dialog
 * @param {Appointment} appointment
 * @param {Problem} problem
 */
function leaveForm(dialog, appointment, { details }) {
  const { status } = appointment;
  update({
    dialog: { ...dialog, kind: "view", appointment, isTyped: false },
    problem: new Problem({ ...details, code: "wrong_status", appointment_status: status }),
  });
}

/**
 * Return what is typed, with the new texts where nothing was: a colleague may have corrected them.
 * @param {Draft} draft
 * @param {Appointment} before
 * @param {Appointment} now
 * @returns {Draft}
 */
function rebased(draft, before, now) {
  const [old, fresh] = [textsOf(before), textsOf(now)];
  const kept = Object.entries(old).filter(
    ([name, text]) => draft[/** @type {"name"} */ (name)] !== text,
  );
  return {
    ...draft,
    ...fresh,
    ...Object.fromEntries(kept.map(([name]) => [name, draft[/** @type {"name"} */ (name)]])),
  };
}

/** @param {Appointment} appointment */
function textsOf({ patient: { name, email = "", phone = "" }, reason = "" }) {
  return { name, email, phone, reason };
}

/**
 * @param {Appointment} appointment
 * @param {string} text its key
 */
async function finish(appointment, text) {
  replace(appointment);
  crossOff(appointment);
  const { patient, doctor_id, start, time_zone } = appointment;
  const values = {
    name: patient.name,
    doctor: doctorName(doctor_id),
    day: shortDate(dateOf(start, time_zone), locale),
    time: clock(start, time_zone, locale),
  };
  closeDialog(t(text, values));
  await reload();
}

/** Take an appointment that was dealt with from the list of those that lie in a new time off. @param {Appointment} changed */
function crossOff(changed) {
  const { dialog } = state;
  if (!dialog?.made) return;
  const { made } = dialog;
  const others = made.affected.filter(({ id }) => id !== changed.id);
  const isOff = changed.doctor_id === made.doctor_id && overlaps(changed, made);
  const own = isOff && changed.status === "booked" ? [changed] : [];
  const affected = [...others, ...own].sort((a, b) => Date.parse(a.start) - Date.parse(b.start));
  const affected_count = made.affected_count - (made.affected.length - affected.length);
  update({ dialog: { ...dialog, made: { ...made, affected, affected_count } } });
}

/** @param {Partial<Draft>} draft the doctor's wall clock, or now where it has no time */
function startOf({ date, time }) {
  return time ? `${date}T${time}` : new Date().toISOString().replace(/:\d\d\.\d+Z$/, ":00Z");
}

/** @param {Draft} draft */
function lengthOf({ service_id, minutes }) {
  const service = state.services.find(({ id }) => id === service_id);
  return {
    service_id: service?.id,
    duration_minutes: service?.duration_minutes ? undefined : Number(minutes),
  };
}

/** @param {Draft} draft */
function whoOf({ name, email, phone }) {
  return { name, email: email.trim() || undefined, phone: phone.trim() || undefined };
}
