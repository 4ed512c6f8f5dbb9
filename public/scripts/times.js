// Dates and times for people. An instant is RFC 3339 text or milliseconds, a date is YYYY-MM-DD
// without a zone, a month is YYYY-MM. Zone and locale are always arguments.

const HOUR_MS = 3_600_000;
const DAY_MS = 86_400_000;
/** @type {Map<string, Intl.DateTimeFormat>} */
const formats = new Map();

/**
 * Return a formatter, made once: making one costs more than a hundred uses.
 * @param {string} locale
 * @param {Intl.DateTimeFormatOptions} options
 */
function format(locale, options) {
  const key = locale + JSON.stringify(options);
  const known = formats.get(key);
  if (known) return known;
  const made = new Intl.DateTimeFormat(locale, { calendar: "gregory", ...options });
  formats.set(key, made);
  return made;
}

/** Return the zone of the visitor's machine. */
export function visitorZone() {
  return new Intl.DateTimeFormat().resolvedOptions().timeZone;
}

/**
 * Return the local date of an instant.
 * @param {string | number} instant
 * @param {string} zone
 */
export function dateOf(instant, zone) {
  return wallClock(instant, zone).slice(0, 10);
}

/**
 * Return an instant on a wall clock, as YYYY-MM-DDTHH:MM:SS.
 * @param {string | number} instant
 * @param {string} zone
 */
export function wallClock(instant, zone) {
  const options = /** @type {const} */ ({
    timeZone: zone,
    year: "numeric",
    month: "2-digit",
    day: "2-digit",
    hour: "2-digit",
    minute: "2-digit",
    second: "2-digit",
    hourCycle: "h23",
  });
  const parts = format("en-u-ca-gregory-nu-latn", options).formatToParts(new Date(instant));
  const { year, month, day, hour, minute, second } = Object.fromEntries(
    parts.map(({ type, value }) => [type, value]),
  );
  return `${year.padStart(4, "0")}-${month}-${day}T${hour}:${minute}:${second}`;
}

/**
 * Return the time of day, on a clock of 12 or 24 hours as the locale has it.
 * @param {string | number} instant
 * @param {string} zone
 * @param {string} locale
 * @param {boolean} [isZoned] whether to name the zone, which tells a repeated hour from the first
 */
export function clock(instant, zone, locale, isZoned = false) {
  /** @type {Intl.DateTimeFormatOptions} */
  const zoned = { hour: "numeric", minute: "2-digit", timeZoneName: "short" };
  const options = isZoned ? zoned : /** @type {const} */ ({ timeStyle: "short" });
  return format(locale, { timeZone: zone, ...options }).format(new Date(instant));
}

/**
 * Return the time of day at which something ends. Where clocks have 24 hours, midnight is 24:00.
 * @param {string | number} instant
 * @param {string} zone
 * @param {string} locale
 */
export function closingClock(instant, zone, locale) {
  const isMidnight = wallClock(instant, zone).slice(11, 16) === "00:00";
  const { hourCycle } = format(locale, { timeStyle: "short" }).resolvedOptions();
  if (!isMidnight || hourCycle !== "h23") return clock(instant, zone, locale);
  const options = /** @type {const} */ ({ timeStyle: "short", hourCycle: "h24" });
  return format(locale, { timeZone: zone, ...options }).format(new Date(instant));
}

/**
 * Return a date in full, with its weekday and year.
 * @param {string} date
 * @param {string} locale
 */
export function fullDate(date, locale) {
  return format(locale, { timeZone: "UTC", dateStyle: "full" }).format(asUtc(date));
}

/**
 * Return a date in short, with its weekday.
 * @param {string} date
 * @param {string} locale
 */
export function shortDate(date, locale) {
  const options = /** @type {const} */ ({
    timeZone: "UTC",
    weekday: "short",
    day: "numeric",
    month: "short",
  });
  return format(locale, options).format(asUtc(date));
}

/**
 * Return the number of a day in its month, in the digits of the locale.
 * @param {string} date
 * @param {string} locale
 */
export function dayNumber(date, locale) {
  return format(locale, { timeZone: "UTC", day: "numeric" }).format(asUtc(date));
}

/**
 * Return the name of a month with its year.
 * @param {string} month
 * @param {string} locale
 */
export function monthName(month, locale) {
  const options = /** @type {const} */ ({ timeZone: "UTC", month: "long", year: "numeric" });
  return format(locale, options).format(asUtc(`${month}-01`));
}

/**
 * Return the names of a weekday, 1 for Monday to 7 for Sunday.
 * @param {number} weekday
 * @param {string} locale
 */
export function weekdayNames(weekday, locale) {
  const date = new Date(Date.UTC(2024, 0, weekday)); // 1 January 2024 was a Monday.
  return {
    short: format(locale, { timeZone: "UTC", weekday: "short" }).format(date),
    long: format(locale, { timeZone: "UTC", weekday: "long" }).format(date),
  };
}

/**
 * Return the weekday that weeks begin with, 1 for Monday to 7 for Sunday.
 * @param {string} locale
 */
export function firstWeekday(locale) {
  const known = /** @type {any} */ (new Intl.Locale(locale));
  const week = known.getWeekInfo?.() ?? known.weekInfo;
  return week?.firstDay ?? 1;
}

/**
 * Tell whether a text is a date that there is, of the years that pages show.
 * @param {string} text
 */
export function isDate(text) {
  const isWritten = /^(19[7-9]|20\d|21\d)\d-\d\d-\d\d$/.test(text);
  // A day that a month lacks is read as one of the next month.
  return isWritten && !Number.isNaN(asUtc(text).getTime()) && addDays(text, 0) === text;
}

/** @param {string} date */
export function weekdayOf(date) {
  return asUtc(date).getUTCDay() || 7;
}

/**
 * @param {string} date
 * @param {number} days
 */
export function addDays(date, days) {
  return dateText(asUtc(date).getTime() + days * DAY_MS);
}

/**
 * @param {string} month
 * @param {number} months
 */
export function addMonths(month, months) {
  const [year, number] = month.split("-").map(Number);
  return dateText(Date.UTC(year, number - 1 + months, 1)).slice(0, 7);
}

/**
 * Return the first and the last date of a month.
 * @param {string} month
 */
export function boundsOf(month) {
  return { first: `${month}-01`, last: addDays(`${addMonths(month, 1)}-01`, -1) };
}

/**
 * Return the weeks of a month, each of seven dates, with null where a day is of another month.
 * @param {string} month
 * @param {number} begins the weekday that weeks begin with
 * @returns {(string | null)[][]}
 */
export function weeksOf(month, begins) {
  const { first, last } = boundsOf(month);
  const before = (weekdayOf(first) - begins + 7) % 7;
  const cells = Math.ceil((before + Number(last.slice(8))) / 7) * 7;
  const dates = Array.from({ length: cells }, (_, at) => addDays(first, at - before));
  const own = dates.map((date) => (date.startsWith(month) ? date : null));
  return Array.from({ length: cells / 7 }, (_, week) => own.slice(week * 7, week * 7 + 7));
}

/**
 * Return the name of a zone as people say it at an instant, such as "Central European Summer Time".
 * @param {string} zone
 * @param {string | number} instant
 * @param {string} locale
 */
export function zoneName(zone, instant, locale) {
  return zoneText(locale, { timeZone: zone, timeZoneName: "long" }, instant);
}

/**
 * Return the short name of a zone at an instant, such as "CEST"; null where the locale has only an
 * offset for it, such as "GMT+2".
 * @param {string} zone
 * @param {string | number} instant
 * @param {string} locale
 */
export function shortZone(zone, instant, locale) {
  const name = zoneText(locale, { timeZone: zone, timeZoneName: "short" }, instant);
  return /\p{Number}/u.test(name) ? null : name;
}

/** @param {string} locale @param {Intl.DateTimeFormatOptions} options @param {string | number} instant */
function zoneText(locale, options, instant) {
  const parts = format(locale, options).formatToParts(new Date(instant));
  return parts.find(({ type }) => type === "timeZoneName")?.value ?? options.timeZone ?? "";
}

/**
 * Return by how many hours the clocks of one zone are ahead of those of another at an instant.
 * @param {string} zone
 * @param {string} other
 * @param {string | number} instant
 */
export function hoursAhead(zone, other, instant) {
  const [own, others] = [zone, other].map((each) => Date.parse(`${wallClock(instant, each)}Z`));
  return (own - others) / HOUR_MS;
}

/** @param {string} date */
function asUtc(date) {
  return new Date(`${date}T00:00:00Z`);
}

/** @param {number} milliseconds */
function dateText(milliseconds) {
  return new Date(milliseconds).toISOString().slice(0, 10);
}
