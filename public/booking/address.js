// What is chosen stands in the page's address: a clinic may link to it, and to load it again changes nothing.

import clinic from "/clinic.js";
import { dateOf, isDate } from "../scripts/times.js";
import { state, update } from "./state.js";

/** Choose what the address names: a doctor, a service, a length, and a day or a month. */
export function readAddress() {
  const {
    doctor_id = "",
    service_id = "",
    minutes = "",
    date = "",
  } = Object.fromEntries(new URLSearchParams(location.search));
  update({ doctorId: doctor_id, serviceId: service_id });
  if (isDate(date)) update({ day: date, month: date.slice(0, 7) });
  else if (isDate(`${date}-01`)) update({ month: date });
  const length = Number(minutes);
  if (Number.isInteger(length) && length >= 1 && length <= 1440)
    update({ minutes: length, isOtherLength: !clinic.lengths.includes(length) });
}

/** Write down what is chosen for a booking, without what is so anyway. */
export function writeAddress() {
  const { view, moving, doctors, services, doctorId, serviceId, minutes, day, month } = state;
  if (view !== "choose" || moving || doctors === null) return;
  const isNow = month === dateOf(Date.now(), state.zone).slice(0, 7);
  const chosen = {
    doctor_id: doctorId,
    service_id: serviceId === services[0]?.id ? "" : serviceId,
    minutes: minutes === clinic.lengths[0] ? "" : String(minutes),
    date: day ?? (isNow ? "" : month),
  };
  const address = new URL(location.href);
  for (const [name, value] of Object.entries(chosen)) {
    if (value) address.searchParams.set(name, value);
    else address.searchParams.delete(name);
  }
  if (address.href !== location.href) history.replaceState(history.state, "", address);
}
