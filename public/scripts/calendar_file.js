// An appointment as a file that calendars read.

import { getFile } from "./api.js";

/**
 * Save it as the browser saves files.
 * @param {string} id of the appointment
 */
export async function saveCalendarFile(id) {
  const file = await getFile("appointment_calendar", { appointment_id: id });
  const link = document.createElement("a");
  link.href = URL.createObjectURL(file);
  link.download = "appointment.ics";
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000); // Some browsers read it later.
}
