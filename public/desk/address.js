// What of the page stands in its address, so that it can be linked to, and loaded again.

import { dateOf, isDate } from "../scripts/times.js";
import { today } from "./shown.js";
import { state, update } from "./state.js";

/**
 * Return the address that opens an appointment on its day.
 * @param {import("./state.js").Appointment} appointment
 */
export function addressOf({ id, start, time_zone }) {
  return `?${new URLSearchParams({ date: dateOf(start, time_zone), appointment_id: id })}`;
}

/** Return what the address names: what is shown, and the id of the appointment to open, or null. */
export function readAddress() {
  const {
    date = "",
    doctor_id = "",
    appointment_id = null,
  } = Object.fromEntries(new URLSearchParams(location.search));
  /** @type {"day" | "week"} */
  const span = doctor_id === "" ? "day" : "week";
  const shown = { span, doctorId: doctor_id, date: isDate(date) ? date : "" };
  return { shown, appointmentId: appointment_id };
}

/** Show another date. @param {string} date */
export function showDate(date) {
  if (date === state.date) return;
  update({ date, appointments: null, overrides: [] });
  writeAddress();
}

/** Write down what is shown, as a place that the Back button leads to. Today needs no date. */
export function writeAddress() {
  const { span, doctorId, date } = state;
  const address = new URL(location.href);
  const shown = { date: date === today() ? "" : date, doctor_id: span === "week" ? doctorId : "" };
  address.searchParams.delete("appointment_id");
  for (const [name, value] of Object.entries(shown)) {
    if (value) address.searchParams.set(name, value);
    else address.searchParams.delete(name);
  }
  if (address.href !== location.href) history.pushState(null, "", address);
}
