// Who is signed in, by Firebase. Its SDK comes from Firebase Hosting itself, and only when somebody
// signs in or was signed in: where everybody may do everything, nothing of it is loaded.

import { identifyBy, NoAnswer } from "./api.js";
import { forgetTab, handOver, remember, remembered, takeOver, UNFINISHED } from "./store.js";

/** @typedef {"patient" | "doctor" | "staff"} Role */
/** @typedef {{ uid: string, name: string, email: string, role: Role, doctorIds: string[] }} Person */

// See https://firebase.google.com/docs/hosting/reserved-urls
const VERSION = "13.2.0";
const SCRIPTS = [
  `/__/firebase/${VERSION}/firebase-app-compat.js`,
  `/__/firebase/${VERSION}/firebase-auth-compat.js`,
  "/__/firebase/init.js?useEmulator=true",
];
// Firebase keeps who is signed in; this tells that it is worth loading.
const SIGNED_IN = "signed-in";
const ASKED_BY = "sign-in-email";
const OF_LINKS = ["apiKey", "oobCode", "mode", "lang", "continueUrl", "tenantId"];
// Hosting's emulator gives no answer at all where it cannot reach Google.
const PATIENCE_MS = 20_000;
const UNREACHABLE = /network-request-failed/;

/** @type {[RegExp, string][]} what Firebase refuses, and the keys of texts about it */
const REFUSALS = [
  [/wrong-password|user-not-found|invalid-(credential|login)/, "sign_in.wrong"],
  [/email-already-in-use|account-exists/, "sign_in.known"],
  [/weak-password|password-does-not-meet/, "sign_in.weak"],
  [/(invalid|missing)-email/, "sign_in.invalid_email"],
  [/(invalid|expired)-action-code/, "sign_in.old_link"],
  [/popup-blocked/, "sign_in.blocked"],
  [/popup-closed|cancelled-popup|user-cancelled/, "sign_in.closed"],
  [/user-disabled/, "sign_in.disabled"],
  [/operation-not-allowed|configuration-not-found|unauthorized-/, "sign_in.not_offered"],
  [/too-many-requests|quota-exceeded/, "sign_in.too_often"],
  [UNREACHABLE, "problem.unreachable"],
];

/** Neither the page's address nor the network lead to Firebase. */
class NoSignIn extends Error {}

/** A link was sent to another address than the one that was given. */
class OtherEmail extends Error {}

const pending = [...SCRIPTS];
/** @type {Promise<any> | null} */
let loading = null;
/** @type {any} Firebase's, once it knows who is signed in */
let ready = null;
/** @type {string | null} the account that the page knows of */
let known = null;
/** The changes of this page that are under way; any other change comes from another one. */
let acting = 0;
/** @type {(person: Person | null) => void} */
let changeElsewhere = () => {};

/**
 * Hear of it when another page of this browser has signed somebody in or out.
 * @param {(person: Person | null) => void} changed
 */
export function onChangeElsewhere(changed) {
  changeElsewhere = changed;
}

/** Whether a link that was mailed opened this page, to sign in. */
export function isFromMail() {
  return new URLSearchParams(location.search).get("mode") === "signIn";
}

/** Whether somebody is signed in, as far as can be told before Firebase is asked. */
export function seemsSignedIn() {
  return known !== null || remembered(SIGNED_IN) !== null;
}

/**
 * Return who is signed in, by now or by the link that opened this page; null if nobody is.
 * @param {() => Promise<string | null>} askForEmail asked if the link was sent from another browser
 * @returns {Promise<Person | null>}
 */
export async function restore(askForEmail) {
  const link = isFromMail() ? takeLink() : null;
  if (link === null && remembered(SIGNED_IN) === null) return null;
  return become(async (auth) => link && follow(auth, link, askForEmail));
}

/**
 * Sign in with a password.
 * @param {string} email
 * @param {string} password
 */
export function byPassword(email, password) {
  return become((auth) => auth.signInWithEmailAndPassword(email, password));
}

/**
 * Make an account with a password.
 * @param {string} email
 * @param {string} password
 */
export function register(email, password) {
  return become((auth) => auth.createUserWithEmailAndPassword(email, password));
}

/** Sign in with an account at Google. */
export function byGoogle() {
  return become((auth) => {
    const { GoogleAuthProvider } = /** @type {any} */ (globalThis).firebase.auth;
    return auth.signInWithPopup(new GoogleAuthProvider());
  });
}

/**
 * Send a mail with a link that signs in on this page.
 * @param {string} email
 */
export async function sendLink(email) {
  const auth = await load();
  await auth.sendSignInLinkToEmail(email, { url: location.href, handleCodeInApp: true });
  remember(ASKED_BY, email);
  handOver(UNFINISHED);
}

/**
 * Send a mail with a link to choose another password.
 * @param {string} email
 */
export async function sendReset(email) {
  const auth = await load();
  await auth.sendPasswordResetEmail(email);
}

/** Sign out; the page must then be loaded again, since it still shows what was somebody's. */
export async function signOut() {
  await become((auth) => auth.signOut());
  forgetAsked();
  forgetTab();
}

/**
 * Return the key of a text about what went wrong.
 * @param {unknown} error
 */
export function textOfRefusal(error) {
  if (error instanceof NoSignIn) return navigator.onLine ? "sign_in.not_here" : "problem.offline";
  if (error instanceof OtherEmail) return "sign_in.other_email";
  const found = REFUSALS.find(([code]) => code.test(codeOf(error)));
  return found?.[1] ?? "sign_in.failed";
}

/** @param {unknown} error */
function codeOf(error) {
  return String(/** @type {any} */ (error)?.code ?? "");
}

/** Return the link in the page's address, which keeps nothing of it. */
function takeLink() {
  const link = location.href;
  const address = new URL(link);
  for (const name of OF_LINKS) address.searchParams.delete(name);
  history.replaceState(history.state, "", address);
  takeOver(UNFINISHED);
  return link;
}

/** Forget who was mailed a link, and what for. */
function forgetAsked() {
  remember(ASKED_BY, null);
  remember(UNFINISHED, null);
}

/**
 * @param {any} auth
 * @param {string} link
 * @param {() => Promise<string | null>} askForEmail
 */
async function follow(auth, link, askForEmail) {
  const asked = remembered(ASKED_BY);
  if (asked === null && auth.currentUser !== null) return; // It is opened once more.
  const email = asked ?? (await askForEmail());
  if (email === null) return;
  try {
    await auth.signInWithEmailLink(email, link);
  } catch (error) {
    if (!UNREACHABLE.test(codeOf(error))) remember(ASKED_BY, null);
    throw /invalid-email/.test(codeOf(error)) ? new OtherEmail() : error;
  }
}

/**
 * Change who is signed in, and return who is.
 * @param {(auth: any) => unknown} act
 * @returns {Promise<Person | null>}
 */
async function become(act) {
  acting += 1;
  try {
    const auth = await load();
    await act(auth);
    return await person(auth);
  } finally {
    acting -= 1;
  }
}

function load() {
  loading ??= start().catch((error) => {
    loading = null; // The network may be back at the next try.
    throw error;
  });
  return loading;
}

async function start() {
  identifyBy(token);
  for (; pending.length > 0; pending.shift()) await loadScript(pending[0]);
  const auth = authOf(/** @type {any} */ (globalThis).firebase);
  auth.languageCode = document.documentElement.lang;
  // It tells at first who is signed in, and then each time that it is somebody else.
  await new Promise((resolve) => auth.onAuthStateChanged(() => resolve(compare(auth))));
  ready = auth;
  return auth;
}

/** @param {any} firebase */
function authOf(firebase) {
  try {
    return firebase.auth();
  } catch (error) {
    throw new NoSignIn(String(error)); // Hosting knows no web app of the project.
  }
}

/** @param {any} auth */
async function compare(auth) {
  if (acting > 0 || uidOf(auth) === known) return;
  changeElsewhere(await person(auth).catch(() => null));
}

/** @param {any} auth @returns {string | null} */
function uidOf(auth) {
  return auth.currentUser?.uid ?? null;
}

/**
 * Return the token to send. Calls do not wait for Firebase, until one is refused without a token.
 * @param {boolean} fresh
 * @returns {Promise<string | null>}
 */
async function token(fresh) {
  if (ready !== null) return tokenOf(ready, fresh);
  if (!fresh || loading === null) return null;
  const auth = await loading.catch(() => null);
  return auth && tokenOf(auth, false);
}

/** @param {any} auth @param {boolean} fresh @returns {Promise<string | null>} */
async function tokenOf(auth, fresh) {
  acting += 1;
  try {
    return (await auth.currentUser?.getIdToken(fresh)) ?? null;
  } catch (error) {
    if (UNREACHABLE.test(codeOf(error))) throw new NoAnswer(String(error));
    known = uidOf(auth); // The account is closed or gone, and who calls is told to sign in.
    return null;
  } finally {
    acting -= 1;
  }
}

/** @param {string} address */
function loadScript(address) {
  return new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.src = address;
    script.onload = resolve;
    script.onerror = () => reject(new NoSignIn(address));
    setTimeout(() => reject(new NoSignIn(address)), PATIENCE_MS);
    document.head.append(script);
  });
}

/**
 * Return who is signed in; their role decides what is shown, and the functions what is allowed.
 * @param {any} auth
 * @returns {Promise<Person | null>}
 */
async function person(auth) {
  const user = auth.currentUser;
  known = uidOf(auth);
  remember(SIGNED_IN, user && "yes");
  if (user === null) return null;
  forgetAsked();
  const { claims } = await user.getIdTokenResult();
  return {
    uid: user.uid,
    name: user.displayName ?? "",
    email: user.email ?? "",
    role: roleOf([claims.role].flat()),
    doctorIds: [claims.doctor_id].flat().filter((id) => typeof id === "string"),
  };
}

/** @param {unknown[]} roles @returns {Role} */
function roleOf(roles) {
  if (roles.includes("staff")) return "staff";
  return roles.includes("doctor") ? "doctor" : "patient";
}
