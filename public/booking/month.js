// A month with its free days, as a grid that arrow keys move in:
// https://www.w3.org/WAI/ARIA/apg/patterns/grid/

import { html, nothing } from "/vendor/lit-html-3.3.3/lit-html.js";
import { locale, t } from "../scripts/texts.js";
import {
  addDays,
  addMonths,
  boundsOf,
  dateOf,
  dayNumber,
  firstWeekday,
  fullDate,
  monthName,
  weekdayNames,
  weekdayOf,
  weeksOf,
} from "../scripts/times.js";
import { isSearched, showMonth, timesOf } from "./searching.js";
import { state, update } from "./state.js";

const WEEK = 7;

/** Show the month, with buttons to the ones before and after it. */
export function monthView() {
  const { month, refusal } = state;
  const isBusy = refusal === null && !isSearched(boundsOf(month).last);
  const begins = firstWeekday(locale);
  const weekdays = Array.from({ length: WEEK }, (_, at) => ((begins - 1 + at) % WEEK) + 1);
  return html`<section class="month" aria-labelledby="month-name">
    <header>
      ${turn(-1, t("month.before"), month <= today().slice(0, 7))}
      <h2 id="month-name" aria-live="polite">${monthName(month, locale)}</h2>
      ${turn(1, t("month.after"), false)}
    </header>
    <table role="grid" aria-labelledby="month-name" aria-describedby="month-keys"
      aria-busy=${isBusy} @keydown=${move}>
      <thead>
        <tr>${weekdays.map(headOf)}</tr>
      </thead>
      <tbody>
        ${weeksOf(month, begins)
          .filter(isAhead)
          .map((week) => html`<tr>${week.map(cellOf)}</tr>`)}
      </tbody>
    </table>
    <p class="small legend">${t("month.legend")}</p>
    <p class="small keys" id="month-keys">${t("month.keys")}</p>
  </section>`;
}

/** What is over takes no room. @param {(string | null)[]} week */
function isAhead(week) {
  return week.some((date) => date !== null && date >= today());
}

/** @param {number} months @param {string} label @param {boolean} disabled */
function turn(months, label, disabled) {
  const act = () => showMonth(addMonths(state.month, months));
  return html`<button type="button" class="turn" ?disabled=${disabled} @click=${act}>
    <span class="arrow" data-towards=${months} aria-hidden="true"></span>
    <span class="unseen">${label}</span>
  </button>`;
}

/** @param {number} weekday */
function headOf(weekday) {
  const { short, long } = weekdayNames(weekday, locale);
  return html`<th scope="col" abbr=${long}><span aria-hidden="true">${short}</span>
    <span class="unseen">${long}</span></th>`;
}

/** @param {string | null} date */
function cellOf(date) {
  if (date === null) return html`<td></td>`;
  const free = timesOf(date).length;
  const isChosen = date === state.day;
  return html`<td role="gridcell" aria-selected=${isChosen}>
    <button type="button" data-date=${date} aria-disabled=${free === 0} aria-current=${date === today() ? "date" : nothing}
      tabindex=${date === entry() ? 0 : -1} @click=${() => choose(date, free)}>
      <span class="unseen">${nameOf(date, free)}</span>
      <span class="number" aria-hidden="true">${dayNumber(date, locale)}</span>
      <span class="free" aria-hidden="true">${free || nothing}</span>
    </button>
  </td>`;
}

/** @param {string} date @param {number} free */
function nameOf(date, free) {
  const day = fullDate(date, locale);
  return isSearched(date) ? t("month.day", { day, count: free }) : day;
}

/** Return the date that the tabulator key leads to. */
function entry() {
  const { day, days, month } = state;
  if (day?.startsWith(month)) return day;
  const { first } = boundsOf(month);
  const free = [...days.keys()].sort().find((date) => timesOf(date).length > 0);
  return free ?? [first, today()].sort()[1];
}

/** @param {string} date @param {number} free */
function choose(date, free) {
  if (free === 0) return;
  update({ day: date, problem: null, notice: null });
  queueMicrotask(leadToTimes);
}

/** Lead to the times, which stand beside the month or, on a telephone, far below it. */
function leadToTimes() {
  const title = document.getElementById("times-title");
  const times = title?.parentElement;
  const month = /** @type {HTMLElement | null} */ (times?.previousElementSibling);
  title?.focus({ preventScroll: true });
  if (!times || !month || times.offsetTop === month.offsetTop) return;
  const isCalm = matchMedia("(prefers-reduced-motion: reduce)").matches;
  times.scrollIntoView({ block: "nearest", behavior: isCalm ? "instant" : "smooth" });
}

/** @param {KeyboardEvent} event */
async function move(event) {
  const from = /** @type {HTMLElement} */ (event.target).dataset.date;
  const to = from && targetOf(event.key, from);
  if (!to) return;
  event.preventDefault();
  if (!to.startsWith(state.month)) {
    if (to < today()) return;
    await showMonth(to.slice(0, 7));
  }
  focusDate(to);
}

/** @param {string} key @param {string} from */
function targetOf(key, from) {
  const begins = firstWeekday(locale);
  const at = (weekdayOf(from) - begins + WEEK) % WEEK;
  const forward = document.documentElement.dir === "rtl" ? -1 : 1;
  /** @type {Record<string, string>} */
  const targets = {
    ArrowLeft: addDays(from, -forward),
    ArrowRight: addDays(from, forward),
    ArrowUp: addDays(from, -WEEK),
    ArrowDown: addDays(from, WEEK),
    Home: addDays(from, -at),
    End: addDays(from, WEEK - 1 - at),
    PageUp: sameDay(from, -1),
    PageDown: sameDay(from, 1),
  };
  return targets[key];
}

/** @param {string} date @param {number} months */
function sameDay(date, months) {
  const { first, last } = boundsOf(addMonths(date.slice(0, 7), months));
  const wanted = addDays(first, Number(date.slice(8)) - 1);
  return [wanted, last].sort()[0];
}

/** @param {string} date */
function focusDate(date) {
  /** @type {HTMLElement | null} */
  const button = document.querySelector(`[data-date="${date}"]`);
  button?.focus();
}

function today() {
  return dateOf(Date.now(), state.zone);
}
