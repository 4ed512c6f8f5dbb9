// The views after the first one, and what a visitor comes in for.

import { isFromMail, onChangeElsewhere, restore, textOfRefusal } from "../scripts/sign_in.js";
import { NOT_SIGNING_IN, signInView } from "../scripts/sign_in_view.js";
import { forgetTab } from "../scripts/store.js";
import { t } from "../scripts/texts.js";
import { bookAnother, resume } from "./actions.js";
import { detailsView } from "./details.js";
import { doneView } from "./done.js";
import { goInstead, isMoveAt, placeOf } from "./flow.js";
import { freed } from "./holding.js";
import { mineView } from "./mine.js";
import { loadMine, openMine, openOne } from "./my_appointments.js";
import { outdate, refresh } from "./searching.js";
import { savedBooked, state, update } from "./state.js";

/** @typedef {import("../scripts/sign_in.js").Person} Person */

export { bookAnother, openMine };

export const otherViews = {
  details: detailsView,
  done: doneView,
  mine: mineView,
  sign_in: () => signInView(state.signingIn, (signingIn) => update({ signingIn }), signedIn),
};

/** Show what the page was opened for: what was begun, what a mail tells of, or the first view. */
export async function comeIn() {
  addEventListener("popstate", comeBack);
  onChangeElsewhere(changedElsewhere);
  const isByLink = isFromMail();
  if (!(await isWelcome(isByLink))) return goInstead("sign_in");
  const isQuicker = state.time !== null || state.view !== "choose";
  if (isQuicker && state.isSending) return; // The visitor has begun something meanwhile.
  if (isQuicker && state.request === null) return;
  if (await resume(isByLink)) return;
  const appointment = new URLSearchParams(location.search).get("appointment_id");
  await (appointment === null ? comeBack() : openOne(appointment));
}

/** Show the view that the browser went back or forward to. */
async function comeBack() {
  const view = placeOf(history.state);
  const id = savedBooked();
  if (view === "done" && !state.appointment && id !== null) return openOne(id);
  if (state.moving && state.request === null && !isMoveAt(history.state)) {
    update({ moving: null });
    outdate();
  }
  const isEmpty = (view === "details" && !isBegun()) || (view === "done" && !state.appointment);
  const isThere = view === "choose" || view in otherViews;
  goInstead(isEmpty || view === "sign_in" || !isThere ? "choose" : view);
  update({ cancelling: null });
  if (view === "mine") await loadMine();
  else await freed().then(refresh);
}

/** Whether what was filled in at this place is still being booked, or moved. */
function isBegun() {
  return state.time !== null && (state.moving !== null) === isMoveAt(history.state);
}

/**
 * Find out who is signed in, and return false if a link that was mailed for it is good no more.
 * @param {boolean} isByLink
 */
async function isWelcome(isByLink) {
  try {
    meet(await restore(askForEmail));
  } catch (error) {
    if (!isByLink) return true; // Whoever must sign in is told so then.
    update({ signingIn: { ...NOT_SIGNING_IN, wrong: textOfRefusal(error) } });
    return false;
  }
  return true;
}

/**
 * Show no more of what was somebody's, or go on where another page has signed the visitor in.
 * @param {Person | null} person
 */
function changedElsewhere(person) {
  if (state.person === null) return meet(person);
  forgetTab();
  location.reload();
}

/** @param {Person | null} person */
function meet(person) {
  if (person !== null && state.view === "sign_in") signedIn(person);
  else welcome(person);
}

/** @type {Person | null} whose the page is, also when their session has ended by itself */
let last = null;

/** @param {Person} person */
async function signedIn(person) {
  const { afterSignIn } = state;
  if (last !== null && isSomebodyElse(person, last)) return beginAnew();
  welcome(person);
  update({ afterSignIn: null });
  await (afterSignIn ?? openMine)();
}

/**
 * An account may have been deleted and made again: its address tells whose it is.
 * @param {Person} person
 * @param {Person} other
 */
function isSomebodyElse(person, other) {
  return person.uid !== other.uid && (person.email === "" || person.email !== other.email);
}

/** Show nothing that was somebody else's. */
function beginAnew() {
  forgetTab();
  history.replaceState(null, "");
  location.reload();
}

/** @param {Person | null} person */
function welcome(person) {
  last = person ?? last;
  const { name, email, ...others } = state.draft;
  const draft = {
    name: name || person?.name || "",
    email: email || person?.email || "",
    ...others,
  };
  update({ person, draft });
}

async function askForEmail() {
  return prompt(t("sign_in.which_email"));
}
