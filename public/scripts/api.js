// Calls of the functions, as openapi.json describes them.

/** @typedef {import("#api").components["schemas"]} Schemas */
/** @typedef {Schemas["Problem"]} Details */
/** @typedef {Record<string, string | number | string[] | null | undefined>} Query */

// Functions answer within ten seconds, or somebody else does it for them.
const LONGEST_MS = 30_000;

/** A function refused: what it answered stands in `details`. */
export class Problem extends Error {
  /** @param {Details} details @param {number | null} retryAfter in seconds */
  constructor(details, retryAfter = null) {
    super(details.detail);
    this.details = details;
    this.code = details.code;
    this.status = details.status;
    this.retryAfter = retryAfter;
  }
}

/** Nobody knows whether a function did anything: no answer came, or none that it gives. */
export class NoAnswer extends Error {}

/** @type {(fresh: boolean) => Promise<string | null>} */
let tokenOf = async () => null;

/**
 * Send what this returns with every call: the token of who is signed in, or null.
 * @param {(fresh: boolean) => Promise<string | null>} source asked again where a token has expired
 */
export function identifyBy(source) {
  tokenOf = source;
}

/**
 * Read.
 * @template T
 * @param {string} name of the function
 * @param {Query} [query]
 * @returns {Promise<T>}
 */
export async function get(name, query = {}) {
  const answer = await answerOf(addressOf(name, query), {});
  return bodyOf(answer);
}

/**
 * Read again what may have changed: null if it has not.
 * @template T
 * @param {string} name of the function
 * @param {Query} query
 * @param {string | null} tag of what is known
 * @returns {Promise<{ value: T, tag: string | null } | null>}
 */
export async function getChanged(name, query, tag) {
  /** @type {Record<string, string>} */
  const headers = tag === null ? {} : { "If-None-Match": tag };
  const answer = await answerOf(addressOf(name, query), { headers });
  if (answer.status === 304) return null;
  return { value: await bodyOf(answer), tag: answer.headers.get("ETag") };
}

/**
 * Read all pages of a list.
 * @param {string} name of the function
 * @param {string} member that has the items
 * @param {Query} query
 * @returns {Promise<any[]>}
 */
export async function getAll(name, member, query) {
  const page = await get(name, query);
  const items = page[member];
  if (!page.next_page_token) return items;
  const rest = await getAll(name, member, { ...query, page_token: page.next_page_token });
  return [...items, ...rest];
}

/**
 * Read a file.
 * @param {string} name of the function
 * @param {Query} query
 */
export async function getFile(name, query) {
  const answer = await answerOf(addressOf(name, query), {});
  return answer.blob().catch(lost);
}

/**
 * Change something.
 * @template T
 * @param {string} name of the function
 * @param {object} body
 * @param {{ key?: string, version?: number, keepalive?: boolean }} [options] the idempotency key,
 *   the version that must not have changed, and whether the call outlives the page
 * @returns {Promise<T>}
 */
export async function post(name, body, { key, version, keepalive = false } = {}) {
  /** @type {Record<string, string>} */
  const headers = { "Content-Type": "application/json" };
  if (key !== undefined) headers["Idempotency-Key"] = key;
  if (version !== undefined) headers["If-Match"] = `"${version}"`;
  const sent = { method: "POST", headers, body: JSON.stringify(body), keepalive };
  const answer = await answerOf(`/${name}`, sent);
  return bodyOf(answer);
}

/** @param {string} name @param {Query} query */
function addressOf(name, query) {
  const parameters = new URLSearchParams();
  for (const [parameter, value] of Object.entries(query)) {
    const values = Array.isArray(value) ? value : [value];
    for (const each of values) if (each != null) parameters.append(parameter, String(each));
  }
  return `/${name}?${parameters}`;
}

/** @param {string} address @param {RequestInit} request */
async function answerOf(address, request) {
  const answer = await send(address, request, await tokenOf(false));
  if (answer.status !== 401) return checked(answer);
  const fresh = await tokenOf(true);
  return checked(fresh === null ? answer : await send(address, request, fresh));
}

/** @param {string} address @param {RequestInit} request @param {string | null} token */
async function send(address, request, token) {
  const headers = new Headers(request.headers);
  if (token !== null) headers.set("Authorization", `Bearer ${token}`);
  try {
    return await fetch(address, { ...request, headers, signal: AbortSignal.timeout(LONGEST_MS) });
  } catch (error) {
    throw new NoAnswer(String(error));
  }
}

/** Whatever is no JSON is no answer of a function, or not all of it. @param {Response} answer */
function bodyOf(answer) {
  return answer.json().catch(lost);
}

/** @param {unknown} error @returns {never} */
function lost(error) {
  throw new NoAnswer(String(error));
}

/** @param {Response} answer */
async function checked(answer) {
  if (answer.ok || answer.status === 304) return answer;
  const details = await answer.json().catch(() => null);
  if (typeof details?.code !== "string") throw new NoAnswer(`status ${answer.status}`);
  const seconds = Number(answer.headers.get("Retry-After") ?? Number.NaN);
  throw new Problem(details, Number.isNaN(seconds) ? null : seconds);
}
