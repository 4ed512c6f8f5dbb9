// What of the page stands in its address, so that it can be linked to, and loaded again.

import { dateOf, isDate } from "../scripts/times.js";
import { state, update } from "./state.js";

/**
 * Return the address that opens an appointment on its day.
 * @param {import("./state.js").Appointment} appointment
 */
export function addressOf({ id, start, time_zone }) {
  return `?${new URLSearchParams({ date: dateOf(start, time_zone), appointment_id: id })}`;
}

/** Show what the address names; return the id of the appointment to open, or null. */
export function readAddress() {
  const { date, doctor_id, appointment_id } = Object.fromEntries(
    new URLSearchParams(location.search),
  );
  if (isDate(date ?? "")) update({ date });
  if (doctor_id) update({ span: "week", doctorId: doctor_id });
  return appointment_id ?? null;
}

/** Show another date. @param {string} date */
export function showDate(date) {
  if (date === state.date) return;
  update({ date, appointments: null, overrides: [] });
  writeAddress();
}

/** Write down what is shown. */
export function writeAddress() {
  const address = new URL(location.href);
  address.searchParams.delete("appointment_id");
  address.searchParams.set("date", state.date);
  if (state.span === "week") address.searchParams.set("doctor_id", state.doctorId);
  else address.searchParams.delete("doctor_id");
  history.replaceState(history.state, "", address);
}
