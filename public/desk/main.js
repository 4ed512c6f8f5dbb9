// The front desk: it is put together and started here.

import clinic from "/clinic.js";
import { html, nothing, render } from "/vendor/lit-html-3.3.3/lit-html.js";
import { dress, footView, headView } from "../scripts/frame.js";
import {
  isFromMail,
  onChangeElsewhere,
  restore,
  signOut,
  textOfRefusal,
} from "../scripts/sign_in.js";
import { NOT_SIGNING_IN, signInView } from "../scripts/sign_in_view.js";
import { forgetTab } from "../scripts/store.js";
import { loadTexts, t } from "../scripts/texts.js";
import { readAddress } from "./address.js";
import { resume } from "./changes.js";
import { listView } from "./day_list.js";
import { openById } from "./dialog_state.js";
import { dialogView } from "./dialogs.js";
import { attempt } from "./flow.js";
import { grid, updateGrid } from "./grid.js";
import { keepFresh, show, showable, start } from "./loading.js";
import { problemView, sendingView } from "./parts.js";
import { refusalView } from "./refusal.js";
import { onChange, state, update } from "./state.js";
import { closedView, foundView, staleView, titleText, toolbarView } from "./toolbar.js";

/** @typedef {import("../scripts/sign_in.js").Person} Person */

const root = /** @type {HTMLElement} */ (document.getElementById("page"));
/** @type {import("./state.js").Dialog | null} */
let shownDialog = null;

async function open() {
  dress();
  await loadTexts();
  root.replaceChildren(); // Of whatever failed before, the page can be shown.
  onChange(draw);
  draw();
  const { shown, appointmentId } = readAddress();
  update(shown);
  addEventListener("popstate", comeBack);
  await findOutWho();
  onChangeElsewhere(changedElsewhere);
  if (state.access === "open") await attempt(begin);
  keepFresh();
  if (appointmentId) await openById(appointmentId);
}

/** Show what the browser went back or forward to. */
async function comeBack() {
  const { shown } = readAddress();
  if (state.doctors !== null) await show({ ...shown, ...showable(shown) });
}

/** Show the day, and go on with what the page was left with. */
async function begin() {
  await start();
  await resume();
}

/** Find out who is signed in; whose mailed link is good no more has to try again. */
async function findOutWho() {
  const isByLink = isFromMail();
  try {
    const person = await restore(askForEmail);
    lastUid = person?.uid ?? null;
    update({ person });
  } catch (error) {
    if (!isByLink) return; // Whoever must sign in is told so then.
    const signingIn = { ...NOT_SIGNING_IN, wrong: textOfRefusal(error) };
    update({ access: "sign_in", signingIn });
  }
}

/** @type {string | null} whose the page is, also when they are signed out by themselves */
let lastUid = null;

/** @param {Person} person */
async function signedIn(person) {
  if (lastUid !== null && person.uid !== lastUid) return beginAnew();
  lastUid = person.uid;
  update({ person, access: "open" });
  await attempt(begin);
}

/** Show and send nothing that was somebody else's. */
function beginAnew() {
  forgetTab();
  location.reload();
}

/**
 * Go on where another page has signed somebody in, or show no more of what only they may see.
 * @param {Person | null} person
 */
function changedElsewhere(person) {
  if (state.person !== null || person === null) beginAnew();
  else signedIn(person);
}

async function askForEmail() {
  return prompt(t("sign_in.which_email"));
}

function draw() {
  render(pageView(), root);
  document.title = `${titleText()} · ${clinic.name}`;
  updateGrid();
  const before = shownDialog;
  shownDialog = state.dialog;
  if (before && !shownDialog) requestAnimationFrame(() => returnFocus(before.appointment?.id));
  if (before && shownDialog && before.kind !== shownDialog.kind) focusTitle();
}

/** Lead keyboard and screen reader to what a dialog has turned to. */
function focusTitle() {
  document.getElementById("dialog-title")?.focus();
}

/**
 * The browser leads back to what opened a dialog. Where that is gone, go to what it was about.
 * @param {string | undefined} id of an appointment
 */
function returnFocus(id) {
  if (document.activeElement !== document.body) return;
  const places = id ? [`[data-appointment="${id}"]`, `[data-row="${id}"]`, "h1"] : ["h1"];
  const found = places.map(
    (place) => /** @type {HTMLElement | null} */ (root.querySelector(place)),
  );
  found.find((element) => element?.checkVisibility())?.focus();
}

function pageView() {
  return html`${headView(state.person, links())}
    <main class="desk">${accessView()}</main>
    ${footView()}`;
}

function links() {
  return html`<a class="link" href="/">${t("desk.booking_page")}</a>
    <a class="link" href="/desk" aria-current="page">${t("desk.title")}</a>`;
}

function accessView() {
  if (state.access === "forbidden" || state.person?.role === "patient") return forbiddenView();
  if (state.access === "sign_in")
    return signInView(state.signingIn, (signingIn) => update({ signingIn }), signedIn);
  return deskView();
}

function forbiddenView() {
  const leave = async () => {
    await signOut();
    location.reload();
  };
  return html`<h1 tabindex="-1">${t("desk.title")}</h1>
    <p>${t("desk.staff_only")} <a href="/">${t("desk.booking_page")}</a></p>
    <p class="buttons"><button type="button" @click=${leave}>${t("desk.other_account")}</button></p>`;
}

function deskView() {
  const isOpen = state.dialog !== null;
  return html`<h1 tabindex="-1">${titleText()}</h1>
    ${toolbarView()}
    <div class="messages">
      ${staleView()} ${foundView()} ${closedView()}
      <p role="status" data-told>${state.notice || nothing}</p>
      ${isOpen ? nothing : html`${sendingView()} ${problemView(state.problem)}`}
    </div>
    ${refusalView()} ${isUnknown() ? nothing : appointmentsView()} ${dialogView()}`;
}

/** An empty day is not to be mistaken for a free one. */
function isUnknown() {
  return state.appointments === null && state.failure !== null;
}

function appointmentsView() {
  return html`<section class="grid ec-auto-dark" aria-label=${t("desk.grid")} ${grid}></section>
    ${listView()}`;
}

open();
