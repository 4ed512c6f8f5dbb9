// What is around every view of both pages: the clinic, the language, and who is signed in.

import clinic from "/clinic.js";
import { html, nothing } from "/vendor/lit-html-3.3.3/lit-html.js";
import { chooseLanguage, nameOf, t } from "./texts.js";

/** @typedef {import("./sign_in.js").Person} Person */

/** Put on the clinic's colors and name. */
export function dress() {
  const { style } = document.documentElement;
  style.setProperty("--accent-light", clinic.colors.light);
  style.setProperty("--accent-dark", clinic.colors.dark);
  document.title = clinic.name;
}

/**
 * Show the head of the page.
 * @param {Person | null} person
 * @param {unknown} links
 */
export function headView(person, links) {
  return html`<header class="head">
    <p class="clinic">
      ${clinic.logo ? html`<img src=${clinic.logo} alt="" height="32">` : nothing}${clinic.name}
    </p>
    <nav aria-label=${t("head.pages")}>${links}</nav>
    ${person ? personView(person) : nothing}
  </header>`;
}

/** @param {Person} person */
function personView({ name, email }) {
  const leave = async () => {
    const { signOut } = await import("./sign_in.js");
    await signOut();
    history.replaceState(null, ""); // Not back to what only somebody signed in may see.
    location.reload();
  };
  return html`<p class="person">
    <span>${name || email}</span> <button type="button" @click=${leave}>${t("head.sign_out")}</button>
  </p>`;
}

export function footView() {
  return html`<footer class="foot">
    <address>${clinic.contact.map((line) => html`<span>${line}</span>`)}</address>
    ${clinic.languages.length > 1 ? languageView() : nothing}
  </footer>`;
}

function languageView() {
  return html`<label>${t("foot.language")}
      <select name="language" @change=${choose}>
        ${clinic.languages.map(
          (language) => html`<option value=${language} lang=${language}
            ?selected=${language === document.documentElement.lang}>${nameOf(language)}</option>`,
        )}
      </select>
    </label>`;
}

/** @param {Event} event */
function choose(event) {
  chooseLanguage(/** @type {HTMLSelectElement} */ (event.target).value);
}

/** Lead keyboard and screen reader to the heading of a new view. */
export function focusHeading() {
  /** @type {HTMLElement | null} */
  const heading = document.querySelector("main h1");
  heading?.focus();
}

/**
 * Lead to what is wrong, also who sees nothing of the page or a part of it.
 * @param {"main" | "dialog"} place where to look for it, once it is shown
 */
export function focusWrong(place) {
  queueMicrotask(() => {
    const field = document.querySelector(`${place} [aria-invalid=true]`);
    const wrong = field ?? document.querySelector(`${place} .problem`);
    if (!(wrong instanceof HTMLElement)) return;
    wrong.focus({ preventScroll: true });
    wrong.scrollIntoView({ block: "nearest" }); // No further than needed: buttons stay under the mouse.
  });
}
