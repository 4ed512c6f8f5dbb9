// Dialogs: the browser keeps the focus in them, and Escape closes them.

import { ref } from "/vendor/lit-html-3.3.3/directives/ref.js";

/** Open the dialog that this stands in, as soon as it is on the page. */
export function openDialog() {
  return ref(open);
}

/** @param {Element | undefined} element */
function open(element) {
  if (!(element instanceof HTMLDialogElement)) return;
  queueMicrotask(() => {
    if (element.isConnected && !element.open) element.showModal();
  });
}
