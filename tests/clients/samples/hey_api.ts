// An app on what @hey-api/openapi-ts generates: every call answers either `data` or `error`.
import {
  cancelAppointment,
  cancelSeries,
  createAppointment,
  createOverride,
  createSeries,
  firstAvailable,
  getAppointment,
  holdTime,
  listAppointments,
  markAppointment,
  rescheduleAppointment,
  updateAppointment,
  validateAppointment,
  type NewAppointment,
  type Problem,
} from "./generated";
import { client } from "./generated/client.gen";

const minute = (time?: string) => (time ?? "never").slice(0, 16);

/** What the app tells people; of codes that it does not know, the sentence that came along. */
function told(problem: Problem): string {
  const next = minute(problem.openings?.[0]?.start);
  const [conflict] = problem.conflicts ?? [];
  switch (problem.code) {
    case "slot_taken":
      return problem.retry_after
        ? `slot_taken: held, try again in ${problem.retry_after} seconds`
        : `slot_taken: until ${minute(conflict?.end)}, free at ${next}`;
    case "patient_busy":
      return `patient_busy: with an appointment at ${minute(conflict?.start)}`;
    case "outside_working_hours":
    case "time_off":
      return `${problem.code}: ${problem.working_hours?.map((h) => `${minute(h.start)} to ${minute(h.end)}`)}, free at ${next}`;
    case "too_soon":
      return `too_soon: from ${minute(problem.earliest)}, free at ${next}`;
    case "too_late":
      return `too_late: until ${minute(problem.latest)}, free at ${next}`;
    case "invalid_request":
      return `invalid_request: ${problem.errors?.map((e) => `${e.field} ${e.type}`)}`;
    case "wrong_status":
      return `wrong_status: ${problem.appointment_status}`;
    case "series_unavailable":
      return `series_unavailable: ${problem.unavailable?.map((o) => `${o.start} ${o.code}, free at ${minute(o.openings[0]?.start)}`)}`;
    case "in_the_past":
    case "already_cancelled":
    case "version_mismatch":
      return problem.code;
    default:
      return `${problem.status}: ${problem.detail}`;
  }
}

export async function run(baseUrl: string, headers: Record<string, string>): Promise<string[]> {
  client.setConfig({ baseUrl, headers });
  const lines: string[] = [];

  async function show<T>(
    answer: Promise<{ data?: T; error?: Problem }>,
    say: (data: T) => string,
  ): Promise<T | undefined> {
    const { data, error } = await answer;
    lines.push(data ? say(data) : told(error!));
    return data;
  }

  const ada = { id: "ada", name: "Ada Lovelace" };
  const wish = (start: string, more: Partial<NewAppointment> = {}): NewAppointment => ({
    doctor_id: "strange",
    start,
    duration_minutes: 30,
    patient: { name: "Grace Hopper" },
    ...more,
  });
  const book = (body: NewAppointment, key: string = crypto.randomUUID()) =>
    show(
      createAppointment({ body, headers: { "Idempotency-Key": key } }),
      (booked) => `booked at ${minute(booked.start)} for ${booked.patient.name}`,
    );

  const key = crypto.randomUUID();
  const booked = (await book(wish("2030-01-08T09:00:00Z", { patient: ada, reason: "a cough" }), key))!;
  const again = await book(wish("2030-01-08T09:00:00Z", { patient: ada, reason: "a cough" }), key);
  lines.push(again?.id === booked.id ? "it is the same appointment" : "it is another one");
  await book(wish("2030-01-08T10:00:00Z"), key);
  await book(wish("2030-01-08T09:00:00Z"));
  await book(wish("2030-01-08T09:00:00Z", { doctor_id: "who", patient: ada }));
  await book(wish("2030-01-08T20:00:00Z"));
  await book(wish("2030-01-07T09:00:00Z"));
  await book(wish("2031-01-07T09:00:00Z"));
  await book(wish("2030-01-07T08:00:00Z"));
  await book(wish("2030-01-08T09:00:00Z", { duration_minutes: 0 }));
  await book(wish("2030-01-08T09:00:00Z", { doctor_id: "dolittle" }));

  await show(
    validateAppointment({ body: wish("2030-01-08T16:00:00Z") }),
    (valid) => `could be booked until ${minute(valid.end)}`,
  );
  await show(
    createOverride({
      body: { doctor_id: "strange", kind: "time_off", start: "2030-01-09T09:00:00Z", end: "2030-01-09T12:00:00Z" },
    }),
    (off) => `off until ${minute(off.end)}, affects ${off.affected_count}`,
  );
  await book(wish("2030-01-09T09:00:00Z"));

  const hold = await show(
    holdTime({ body: { doctor_id: "strange", start: "2030-01-08T11:00:00Z", duration_minutes: 30 } }),
    (held) => `held until ${minute(held.expires_at)}`,
  );
  await book(wish("2030-01-08T11:00:00Z"));
  await book(wish("2030-01-08T11:00:00Z", { hold_id: hold?.hold_id }));

  const series = { ...wish("2030-01-08T09:00:00Z"), rule: "FREQ=WEEKLY;COUNT=2" };
  await show(createSeries({ body: series }), () => "a series");
  const some = await show(
    createSeries({ body: { ...series, if_unavailable: "skip" } }),
    (made) => `a series of ${made.appointments.length}, without ${made.skipped.length}`,
  );
  await show(
    cancelSeries({ body: { series_id: some!.series_id } }),
    (left) => `cancelled ${left.cancelled.length} of it, kept ${left.kept.length}`,
  );

  const today = await book(wish("2030-01-07T10:00:00Z"));
  const arrived = { appointment_id: today!.id, status: "arrived" } as const;
  await show(markAppointment({ body: arrived }), (marked) => `marked as ${marked.status}`);
  await show(cancelAppointment({ body: { appointment_id: today!.id } }), () => "cancelled");

  const times: string[] = [];
  for (let page_token: string | undefined; ; ) {
    const query = { doctor_id: ["strange"], start: "2030-01-08", end: "2030-01-08", page_size: 1, page_token };
    const { data: page } = await listAppointments({ query });
    times.push(...(page?.appointments.map((each) => minute(each.start)) ?? []));
    if (!page?.next_page_token) break;
    page_token = page.next_page_token;
  }
  lines.push(`listed ${times}`);

  const appointment_id = booked.id;
  await show(
    updateAppointment({ body: { appointment_id, reason: null } }),
    (changed) => `updated to version ${changed.version}, reason: ${changed.reason ?? "none"}`,
  );
  await show(
    rescheduleAppointment({ body: { appointment_id, start: "2030-01-10T14:00:00Z" } }),
    (moved) => `moved to ${minute(moved.start)}, ${moved.id === booked.id ? "with its id" : "as another one"}`,
  );
  await show(
    cancelAppointment({ body: { appointment_id }, headers: { "If-Match": '"1"' } }),
    () => "cancelled",
  );
  await show(
    cancelAppointment({ body: { appointment_id } }),
    (gone) => `${gone.status} at ${minute(gone.cancelled_at)}`,
  );
  await show(
    rescheduleAppointment({ body: { appointment_id, start: "2030-01-10T15:00:00Z" } }),
    () => "moved",
  );
  await show(getAppointment({ query: { appointment_id: "nobody.20300108.a" } }), () => "found");
  await show(
    firstAvailable({ query: { doctor_id: ["strange"], duration_minutes: 30 } }),
    (found) => `the next opening is at ${minute(found.openings[0]?.start)}`,
  );
  return lines;
}
