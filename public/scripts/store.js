// The state of a page, and what the browser keeps of it.

/** The name of the booking that a tab has begun: a mailed link may go on with it in another tab. */
export const UNFINISHED = "unfinished";

/**
 * Return a state and its `update`. It is shown again once for all changes that are made together.
 * @template {object} State
 * @param {State} state changed by `update` only
 */
export function storeOf(state) {
  let draw = () => {};
  let isDue = false;

  /** @param {Partial<State>} changes */
  function update(changes) {
    Object.assign(state, changes);
    if (isDue) return;
    isDue = true;
    queueMicrotask(() => {
      isDue = false;
      draw();
    });
  }

  /** @param {() => void} shown called after changes */
  function onChange(shown) {
    draw = shown;
  }

  return { state, update, onChange };
}

// Where a browser keeps nothing, everything else works all the same.

/**
 * Keep a text, also when the browser is closed; null forgets it.
 * @param {string} name
 * @param {string | null} text
 */
export function remember(name, text) {
  keep(() => localStorage, name, text);
}

/** @param {string} name */
export function remembered(name) {
  return kept(() => localStorage, name);
}

/**
 * Keep a value until the tab is closed; null forgets it.
 * @param {string} name
 * @param {unknown} value
 */
export function keepInTab(name, value) {
  keep(() => sessionStorage, name, value === null ? null : JSON.stringify(value));
}

/** @param {string} name */
export function keptInTab(name) {
  return JSON.parse(kept(() => sessionStorage, name) ?? "null");
}

/** Keep a value of this tab for another one that takes it over. @param {string} name */
export function handOver(name) {
  keep(
    () => localStorage,
    name,
    kept(() => sessionStorage, name),
  );
}

/** Take over what another tab has begun, if this one has begun nothing. @param {string} name */
export function takeOver(name) {
  const handed = remembered(name);
  remember(name, null);
  if (kept(() => sessionStorage, name) === null) keep(() => sessionStorage, name, handed);
}

/** Forget all that is kept until the tab is closed. */
export function forgetTab() {
  try {
    sessionStorage.clear();
  } catch {
    // Then there is nothing.
  }
}

// A browser that keeps nothing refuses already when the storage is named.
/** @param {() => Storage} storage @param {string} name @param {string | null} text */
function keep(storage, name, text) {
  try {
    if (text === null) storage().removeItem(name);
    else storage().setItem(name, text);
  } catch {
    // Then it is forgotten.
  }
}

/** @param {() => Storage} storage @param {string} name */
function kept(storage, name) {
  try {
    return storage().getItem(name);
  } catch {
    return null;
  }
}
