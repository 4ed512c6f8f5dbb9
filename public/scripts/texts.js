// The texts of the pages, from languages/, in a language that the visitor reads.

import clinic from "/clinic.js";
import { remember, remembered } from "./store.js";

const REMEMBERED = "language";
const PARAMETER = "lang";
const FROM_RIGHT_TO_LEFT = /[\p{sc=Hebr}\p{sc=Arab}\p{sc=Syrc}\p{sc=Thaa}\p{sc=Nkoo}\p{sc=Adlm}]/u;

/** @typedef {string | Record<string, string>} Text one text, or one for each plural form */

/** @type {Record<string, Text>} */
let texts = {};
let plurals = new Intl.PluralRules("en");

/** How dates, times and numbers are written: the visitor's own way where it is the language's. */
export let locale = "en";

/**
 * Load the texts in the language that the address names, that was chosen before, or that the
 * browser prefers, and set the page's language and direction.
 */
export async function loadTexts() {
  const { language, variant } = chosen(wishes(), clinic.languages);
  const needed = new Set([clinic.languages[0], language]); // The first has what the other lacks.
  texts = Object.assign({}, ...(await Promise.all([...needed].map(fetchTexts))));
  locale = variant;
  plurals = new Intl.PluralRules(language);
  document.documentElement.lang = language;
  document.documentElement.dir = directionOf(language);
}

/**
 * Remember a language, and show the page in it.
 * @param {string} language
 */
export function chooseLanguage(language) {
  remember(REMEMBERED, language);
  const address = new URL(location.href);
  address.searchParams.delete(PARAMETER);
  history.replaceState(history.state, "", address);
  location.reload();
}

/**
 * Return a text, with {names} replaced by values; `count` chooses the plural form.
 * @param {string} key
 * @param {Record<string, string | number>} [values]
 * @returns {string}
 */
export function t(key, values = {}) {
  const found = texts[key] ?? key;
  const form =
    typeof found === "string" ? found : (found[formOf(Number(values.count), found)] ?? found.other);
  return form.replaceAll(/\{(\w+)\}/g, (whole, name) => isolated(String(values[name] ?? whole)));
}

/**
 * Return a text that leaves what stands around it in its order, in whichever direction either is
 * written. Views put a name into `bdi` for this; a sentence or an option can have no elements.
 * @param {string} text
 */
export function isolated(text) {
  const isMixed = document.documentElement.dir === "rtl" || FROM_RIGHT_TO_LEFT.test(text);
  return isMixed ? `\u2068${text}\u2069` : text;
}

/**
 * Return the plural form of a number. None may have a text of its own, which no language's rules ask for.
 * @param {number} count
 * @param {Record<string, string>} forms
 */
function formOf(count, forms) {
  return count === 0 && "zero" in forms ? "zero" : plurals.select(count);
}

/** @param {string} key */
export function hasText(key) {
  return key in texts;
}

/**
 * Return the name of a language in itself, such as "Deutsch".
 * @param {string} language
 */
export function nameOf(language) {
  return new Intl.DisplayNames([language], { type: "language" }).of(language) ?? language;
}

function wishes() {
  const asked = new URLSearchParams(location.search).get(PARAMETER);
  return [asked, remembered(REMEMBERED), ...navigator.languages].filter(isLanguage);
}

/** @param {string | null} tag @returns {tag is string} */
function isLanguage(tag) {
  try {
    return tag !== null && new Intl.Locale(tag).language !== "";
  } catch {
    return false;
  }
}

/**
 * Return the first wish that is offered, and the variant of it that the browser is set to.
 * @param {string[]} wanted
 * @param {string[]} offered
 */
function chosen(wanted, offered) {
  const language = wanted.map(primary).find((wish) => offered.includes(wish)) ?? offered[0];
  const variant = [...wanted, ...navigator.languages].find(
    (wish) => primary(wish) === language && wish !== language,
  );
  return { language, variant: variant ?? language };
}

/** @param {string} tag */
function primary(tag) {
  return tag.toLowerCase().split("-")[0];
}

/** @param {string} language @returns {Promise<Record<string, Text>>} */
async function fetchTexts(language) {
  const answer = await fetch(`/languages/${language}.json`);
  if (!answer.ok) throw new Error(`/languages/${language}.json: ${answer.status}`);
  return answer.json();
}

/** @param {string} language */
function directionOf(language) {
  const known = /** @type {any} */ (new Intl.Locale(language));
  const direction = (known.getTextInfo?.() ?? known.textInfo)?.direction;
  return direction === "rtl" ? "rtl" : "ltr";
}
