// An app on what openapi-generator generates for typescript-fetch: a call returns what was asked
// for, or throws a ResponseError.
import {
  AppointmentsApi,
  Configuration,
  HoldsApi,
  OpeningsApi,
  OverridesApi,
  ProblemFromJSON,
  ResponseError,
  SeriesApi,
  type NewAppointment,
  type Problem,
} from "./generated";

const minute = (time?: Date) => time?.toISOString().slice(0, 16) ?? "never";

/** What the app tells people; of codes that it does not know, the sentence that came along. */
function told(problem: Problem): string {
  const next = minute(problem.openings?.[0]?.start);
  const [conflict] = problem.conflicts ?? [];
  switch (problem.code) {
    case "slot_taken":
      return problem.retryAfter
        ? `slot_taken: held, try again in ${problem.retryAfter} seconds`
        : `slot_taken: until ${minute(conflict?.end)}, free at ${next}`;
    case "patient_busy":
      return `patient_busy: with an appointment at ${minute(conflict?.start)}`;
    case "outside_working_hours":
    case "time_off":
      return `${problem.code}: ${problem.workingHours?.map((h) => `${minute(h.start)} to ${minute(h.end)}`)}, free at ${next}`;
    case "too_soon":
      return `too_soon: from ${minute(problem.earliest)}, free at ${next}`;
    case "too_late":
      return `too_late: until ${minute(problem.latest)}, free at ${next}`;
    case "invalid_request":
      return `invalid_request: ${problem.errors?.map((e) => `${e.field} ${e.type}`)}`;
    case "wrong_status":
      return `wrong_status: ${problem.appointmentStatus}`;
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
  const configuration = new Configuration({ basePath: baseUrl, headers });
  const appointments = new AppointmentsApi(configuration);
  const openings = new OpeningsApi(configuration);
  const overrides = new OverridesApi(configuration);
  const holds = new HoldsApi(configuration);
  const allSeries = new SeriesApi(configuration);
  const lines: string[] = [];

  async function show<T>(answer: Promise<T>, say: (data: T) => string): Promise<T | undefined> {
    try {
      const data = await answer;
      lines.push(say(data));
      return data;
    } catch (error) {
      if (!(error instanceof ResponseError)) throw error;
      lines.push(told(ProblemFromJSON(await error.response.json())));
      return undefined;
    }
  }

  const ada = { id: "ada", name: "Ada Lovelace" };
  const wish = (start: string, more: Partial<NewAppointment> = {}): NewAppointment => ({
    doctorId: "strange",
    start,
    durationMinutes: 30,
    patient: { name: "Grace Hopper" },
    ...more,
  });
  const book = (newAppointment: NewAppointment, idempotencyKey: string = crypto.randomUUID()) =>
    show(
      appointments.createAppointment({ newAppointment, idempotencyKey }),
      (booked) => `booked at ${minute(booked.start)} for ${booked.patient.name}`,
    );

  const key = crypto.randomUUID();
  const booked = (await book(wish("2030-01-08T09:00:00Z", { patient: ada, reason: "a cough" }), key))!;
  const again = await book(wish("2030-01-08T09:00:00Z", { patient: ada, reason: "a cough" }), key);
  lines.push(again?.id === booked.id ? "it is the same appointment" : "it is another one");
  await book(wish("2030-01-08T10:00:00Z"), key);
  await book(wish("2030-01-08T09:00:00Z"));
  await book(wish("2030-01-08T09:00:00Z", { doctorId: "who", patient: ada }));
  await book(wish("2030-01-08T20:00:00Z"));
  await book(wish("2030-01-07T09:00:00Z"));
  await book(wish("2031-01-07T09:00:00Z"));
  await book(wish("2030-01-07T08:00:00Z"));
  await book(wish("2030-01-08T09:00:00Z", { durationMinutes: 0 }));
  await book(wish("2030-01-08T09:00:00Z", { doctorId: "dolittle" }));

  await show(
    appointments.validateAppointment({ newAppointment: wish("2030-01-08T16:00:00Z") }),
    (valid) => `could be booked until ${minute(valid.end)}`,
  );
  await show(
    overrides.createOverride({
      newOverride: { doctorId: "strange", kind: "time_off", start: "2030-01-09T09:00:00Z", end: "2030-01-09T12:00:00Z" },
    }),
    (off) => `off until ${minute(off.end)}, affects ${off.affectedCount}`,
  );
  await book(wish("2030-01-09T09:00:00Z"));

  const hold = await show(
    holds.holdTime({ newHold: { doctorId: "strange", start: "2030-01-08T11:00:00Z", durationMinutes: 30 } }),
    (held) => `held until ${minute(held.expiresAt)}`,
  );
  await book(wish("2030-01-08T11:00:00Z"));
  await book(wish("2030-01-08T11:00:00Z", { holdId: hold?.holdId }));

  const series = { ...wish("2030-01-08T09:00:00Z"), rule: "FREQ=WEEKLY;COUNT=2" };
  await show(allSeries.createSeries({ newSeries: series }), () => "a series");
  const some = await show(
    allSeries.createSeries({ newSeries: { ...series, ifUnavailable: "skip" } }),
    (made) => `a series of ${made.appointments.length}, without ${made.skipped.length}`,
  );
  await show(
    allSeries.cancelSeries({ cancelSeries: { seriesId: some!.seriesId } }),
    (left) => `cancelled ${left.cancelled.length} of it, kept ${left.kept.length}`,
  );

  const today = await book(wish("2030-01-07T10:00:00Z"));
  const arrived = { appointmentId: today!.id, status: "arrived" } as const;
  await show(appointments.markAppointment({ markAppointment: arrived }), (marked) => `marked as ${marked.status}`);
  await show(appointments.cancelAppointment({ cancelAppointment: { appointmentId: today!.id } }), () => "cancelled");

  const times: string[] = [];
  for (let pageToken: string | undefined; ; ) {
    const query = { doctorId: ["strange"], start: "2030-01-08", end: "2030-01-08", pageSize: 1, pageToken };
    const page = await appointments.listAppointments(query);
    times.push(...page.appointments.map((each) => minute(each.start)));
    if (!page.nextPageToken) break;
    pageToken = page.nextPageToken;
  }
  lines.push(`listed ${times}`);

  const appointmentId = booked.id;
  await show(
    appointments.updateAppointment({ updateAppointment: { appointmentId, reason: null } }),
    (changed) => `updated to version ${changed.version}, reason: ${changed.reason ?? "none"}`,
  );
  await show(
    appointments.rescheduleAppointment({ rescheduleAppointment: { appointmentId, start: "2030-01-10T14:00:00Z" } }),
    (moved) => `moved to ${minute(moved.start)}, ${moved.id === booked.id ? "with its id" : "as another one"}`,
  );
  await show(
    appointments.cancelAppointment({ cancelAppointment: { appointmentId }, ifMatch: '"1"' }),
    () => "cancelled",
  );
  await show(
    appointments.cancelAppointment({ cancelAppointment: { appointmentId } }),
    (gone) => `${gone.status} at ${minute(gone.cancelledAt)}`,
  );
  await show(
    appointments.rescheduleAppointment({ rescheduleAppointment: { appointmentId, start: "2030-01-10T15:00:00Z" } }),
    () => "moved",
  );
  await show(appointments.getAppointment({ appointmentId: "nobody.20300108.a" }), () => "found");
  await show(
    openings.firstAvailable({ doctorId: ["strange"], durationMinutes: 30 }),
    (found) => `the next opening is at ${minute(found.openings[0]?.start)}`,
  );
  return lines;
}
