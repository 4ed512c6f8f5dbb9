// The grid of EventCalendar, kept equal to the state. Nothing changes under the hand that drags.

import { ref } from "/vendor/lit-html-3.3.3/directives/ref.js";
import { html, render } from "/vendor/lit-html-3.3.3/lit-html.js";
import { locale, t } from "../scripts/texts.js";
import { clock, firstWeekday, zoneName } from "../scripts/times.js";
import { openAppointment } from "./dialog_state.js";
import { dropped, pointed, resized, selected } from "./dragging.js";
import { events, limits, resources } from "./grid_events.js";
import { dates, hasSeveralZones, statusText, zoneOf } from "./shown.js";
import { state } from "./state.js";

/** @typedef {import("./state.js").Appointment} Appointment */

/** @type {any} */
let calendar = null;
/** @type {HTMLElement | null} */
let place = null;
let isHeld = false;
let wasDragged = false;
/** @type {Record<string, string>} what it was last told, as JSON */
let told = {};

const roles = new MutationObserver(dropRoles);

/** Show the grid in the element that this stands in. */
export const grid = ref(put);

/** Show what has changed. */
export function updateGrid() {
  if (calendar === null || state.date === "" || isHeld) return;
  const isWeek = state.span === "week";
  if (state.dialog === null) calendar.unselect();
  keepFocus(() => {
    tell({
      view: isWeek ? "timeGridWeek" : "resourceTimeGridDay",
      date: isWeek ? dates()[0] : state.date,
      ...limits(),
      resources: resources(),
      events: events(),
    });
  });
}

/** @param {Element | undefined} element */
function put(element) {
  const { EventCalendar } = /** @type {any} */ (globalThis);
  if (calendar) EventCalendar.destroy(calendar);
  roles.disconnect();
  calendar = null;
  told = {};
  place = /** @type {HTMLElement | null} */ (element ?? null);
  if (place === null) return;
  calendar = EventCalendar.create(place, options());
  dropRoles();
  roles.observe(place, { childList: true, subtree: true });
  place.addEventListener("pointerdown", holdStill);
  updateGrid();
}

function options() {
  return {
    view: "resourceTimeGridDay",
    timeZone: "UTC", // It is given wall times only, and none of them is of this machine's zone.
    headerToolbar: { start: "", center: "", end: "" },
    locale,
    firstDay: firstWeekday(locale) % 7,
    allDaySlot: false,
    flexibleSlotTimeLimits: true,
    slotEventOverlap: false,
    slotDuration: "00:15",
    slotHeight: 24,
    snapDuration: "00:15",
    columnWidth: "minmax(9rem, 1fr)",
    editable: true,
    selectable: true,
    eventDragStart: dragStarts,
    eventResizeStart: dragStarts,
    eventDrop: dropped,
    eventResize: resized,
    select: selected,
    dateClick: pointed,
    eventContent,
    eventDidMount: hideBackground,
    resourceLabelContent,
  };
}

/** @param {Record<string, unknown>} wanted */
function tell(wanted) {
  for (const [option, value] of Object.entries(wanted)) {
    const text = JSON.stringify(value);
    if (told[option] === text) continue;
    told[option] = text;
    calendar.setOption(option, value);
  }
}

/**
 * Somebody may be dragging: what comes meanwhile is shown when they let go.
 * @param {PointerEvent} event
 */
function holdStill({ button }) {
  if (button !== 0) return; // A menu opens then, which swallows that it is let go.
  isHeld = true;
  wasDragged = false;
  const letGo = () => {
    removeEventListener("pointerup", letGo);
    removeEventListener("pointercancel", letGo);
    isHeld = false;
    queueMicrotask(updateGrid);
  };
  addEventListener("pointerup", letGo);
  addEventListener("pointercancel", letGo);
}

/** @param {() => void} change */
function keepFocus(change) {
  const focused = /** @type {HTMLElement | null} */ (document.activeElement);
  const id = focused && place?.contains(focused) ? focused.dataset.appointment : undefined;
  change();
  if (id === undefined) return;
  requestAnimationFrame(() => focusAppointment(id));
}

/** @param {string} id */
function focusAppointment(id) {
  if (document.activeElement !== document.body) return;
  /** @type {HTMLElement | null} */
  const element = document.querySelector(`[data-appointment="${id}"]`);
  element?.focus();
}

/**
 * Show an appointment as a button, which keyboards reach. EventCalendar's own is an article.
 * @param {any} info
 */
function eventContent({ event }) {
  /** @type {Appointment | undefined} */
  const appointment = event.extendedProps.appointment;
  if (appointment === undefined) return undefined;
  const { id, status, patient, doctor_name } = appointment;
  const states = [
    status === "booked" ? "" : statusText(status),
    event.extendedProps.isOff ? t("desk.doctor_off") : "",
  ];
  const content = document.createElement("div");
  content.className = "appointment";
  render(
    html`<button type="button" data-appointment=${id} @click=${() => wasDragged || openAppointment(appointment)}>
      <span class="time">${timeOf(event, appointment)}</span> <strong>${patient.name}</strong>
      ${states.filter(Boolean).map((text) => html`<span class="state">${text}</span>`)}
      <span class="unseen">${doctor_name}</span>
    </button>`,
    content,
  );
  return { domNodes: [content] };
}

/**
 * Return when an appointment starts: while it is dragged, when it would. EventCalendar has wall
 * times in this machine's zone.
 * @param {{ display: string, start: Date }} event
 * @param {Appointment} appointment
 */
function timeOf({ display, start }, appointment) {
  if (display !== "preview") return clock(appointment.start, appointment.time_zone, locale);
  return clock(Date.UTC(2000, 0, 1, start.getHours(), start.getMinutes()), "UTC", locale);
}

function dragStarts() {
  wasDragged = true;
}

/** The list says when doctors work. @param {any} info */
function hideBackground({ event, el }) {
  if (event.display === "background") el.setAttribute("aria-hidden", "true");
}

/**
 * Take away what EventCalendar says of a table, which is none: buttons may not stand in it. The
 * list beside the grid is a table.
 */
function dropRoles() {
  const wrong = place?.querySelectorAll("[role], [aria-colindex]") ?? [];
  for (const element of wrong) {
    element.removeAttribute("role");
    element.removeAttribute("aria-colindex");
  }
}

/** @param {any} info */
function resourceLabelContent({ resource }) {
  if (!hasSeveralZones()) return resource.title;
  const zone = zoneName(zoneOf(resource.id), Date.now(), locale);
  return t("desk.doctor_zone", { doctor: resource.title, zone });
}
