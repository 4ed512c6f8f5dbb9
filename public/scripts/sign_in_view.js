// The form to sign in: by a link that is mailed, with a password, or at Google.

import { html, nothing } from "/vendor/lit-html-3.3.3/lit-html.js";
import { byGoogle, byPassword, register, sendLink, sendReset, textOfRefusal } from "./sign_in.js";
import { t } from "./texts.js";

/** @typedef {import("./sign_in.js").Person} Person */
/** @typedef {{ isBusy: boolean, wrong: string | null, told: string | null }} SigningIn texts' keys */

/** @type {SigningIn} */
export const NOT_SIGNING_IN = { isBusy: false, wrong: null, told: null };

/**
 * @param {SigningIn} signingIn
 * @param {(changed: SigningIn) => void} change
 * @param {(person: Person) => void} done
 */
export function signInView(signingIn, change, done) {
  const { isBusy, wrong, told } = signingIn;
  /** @param {(email: string, password: string) => Promise<Person | null | string>} act */
  const on = (act) => (/** @type {Event} */ event) => {
    event.preventDefault();
    if (isBusy) return; // Fields that were disabled meanwhile would lose the focus.
    run(act, /** @type {HTMLElement} */ (event.target).closest("form"), change, done);
  };
  return html`<h1 tabindex="-1">${t("sign_in.title")}</h1>
    <p>${t("sign_in.why")}</p>
    <div role="alert">${wrong ? html`<p class="problem">${t(wrong)}</p>` : nothing}</div>
    <div role="status">${told ? html`<p class="notice">${t(told)}</p>` : nothing}</div>
    <form class="sign-in" @submit=${on(byPassword)} aria-busy=${isBusy}>
      <fieldset>
        <legend class="unseen">${t("sign_in.title")}</legend>
        <label for="email">${t("details.email")}</label>
        <input id="email" name="email" type="email" autocomplete="username" required>
        <p class="buttons">
          <button type="button" @click=${on(mailLink)}>${t("sign_in.link")}</button>
        </p>
        <label for="password">${t("sign_in.password")}</label>
        <input id="password" name="password" type="password" autocomplete="current-password" required>
        <p class="buttons">
          <button type="submit" class="main">${t("sign_in.send")}</button>
          <button type="button" @click=${on(register)}>${t("sign_in.register")}</button>
          <button type="button" @click=${on(mailReset)}>${t("sign_in.forgotten")}</button>
        </p>
        <p class="buttons">
          <button type="button" @click=${on(byGoogle)} data-google>${t("sign_in.google")}</button>
        </p>
      </fieldset>
    </form>`;
}

/**
 * @param {(email: string, password: string) => Promise<Person | null | string>} act
 * @param {HTMLFormElement | null} form
 * @param {(changed: SigningIn) => void} change
 * @param {(person: Person) => void} done
 */
async function run(act, form, change, done) {
  if (form === null || !isFilled(form, act)) return;
  const { email, password } = Object.fromEntries(new FormData(form));
  change({ ...NOT_SIGNING_IN, isBusy: true });
  try {
    const result = await act(String(email), String(password));
    change({ ...NOT_SIGNING_IN, told: typeof result === "string" ? result : null });
    if (result !== null && typeof result !== "string") done(result);
  } catch (error) {
    change({ ...NOT_SIGNING_IN, wrong: textOfRefusal(error) });
  }
}

/** @param {HTMLFormElement} form @param {Function} act */
function isFilled(form, act) {
  if (act === byGoogle) return true;
  /** @type {HTMLInputElement} */
  const email = /** @type {any} */ (form.elements.namedItem("email"));
  return act === mailLink || act === mailReset ? email.reportValidity() : form.reportValidity();
}

/** @param {string} email */
async function mailLink(email) {
  await sendLink(email);
  return "sign_in.link_sent";
}

/** @param {string} email */
async function mailReset(email) {
  await sendReset(email);
  return "sign_in.reset_sent";
}
