// The booking page starts here. What the first view does not need is loaded after it is shown:
// until then each file more is a file to wait for.

import clinic from "/clinic.js";
import { html, nothing, render } from "/vendor/lit-html-3.3.3/lit-html.js";
import { dress, focusHeading, footView, headView } from "../scripts/frame.js";
import { waitingView } from "../scripts/problems.js";
import { loadTexts, t } from "../scripts/texts.js";
import { readAddress, writeAddress } from "./address.js";
import { choosingView } from "./choosing.js";
import { entrance } from "./later.js";
import { refresh, refreshIfPassed, start } from "./searching.js";
import { onChange, savedDraft, state, update } from "./state.js";

const TICK_MS = 1000;
const root = /** @type {HTMLElement} */ (document.getElementById("page"));

/** @type {Partial<Record<import("./state.js").View, () => unknown>>} */
const views = { choose: choosingView };
let shown = step();

async function open() {
  dress();
  history.scrollRestoration = "manual"; // Each view begins with its heading.
  readAddress();
  const kept = savedDraft();
  if (kept?.request) update({ ...kept, view: "details" }); // It may have booked: see entrance.js.
  const started = start(); // It needs no texts, and they do not need it.
  await loadTexts();
  root.replaceChildren(); // Of whatever failed before, the page can be shown.
  onChange(draw);
  draw();
  document.addEventListener("visibilitychange", () => document.hidden || refresh());
  setInterval(tick, TICK_MS);
  const { comeIn, otherViews } = await entrance();
  Object.assign(views, otherViews);
  draw(); // A visitor who was quicker waits for one of them.
  await started;
  await comeIn();
}

function draw() {
  render(pageView(), root);
  writeAddress();
  const heading = document.querySelector("main h1")?.textContent;
  document.title = heading ? `${heading} · ${clinic.name}` : clinic.name;
  if (shown === step() || !heading) return;
  shown = step();
  focusHeading();
  scrollTo(0, 0);
}

/** Name what is shown: to choose a time for a move is another step than for a booking. */
function step() {
  return `${state.view} ${state.moving?.id ?? ""}`;
}

/** The countdown of a hold is shown each second; else only time that passes changes what is shown. */
function tick() {
  if (state.view === "details" && state.hold) draw();
  if (!document.hidden) refreshIfPassed();
}

function pageView() {
  return html`${headView(state.person, links())}
    <main class=${state.view}>${views[state.view]?.() ?? notYetView()}</main>
    ${footView()}`;
}

/** A view that is not there yet may be waited for. */
function notYetView() {
  return waitingView(state.waiting, state.request !== null);
}

function links() {
  const isMine = state.view === "mine";
  const isBooking = !isMine && state.moving === null;
  const book = async () => (await entrance()).bookAnother();
  const mine = async () => (await entrance()).openMine();
  return html`<button type="button" class="link" aria-current=${isBooking ? "page" : nothing}
      @click=${book}>${t("head.book")}</button>
    <button type="button" class="link" aria-current=${isMine ? "page" : nothing}
      @click=${mine}>${t("head.mine")}</button>`;
}

open();
