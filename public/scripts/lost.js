// Say so where a page cannot be shown, because a file of it was lost. This is no module, since none
// of them runs where one is lost.

// A module that does not fit the others is an error of the window: a release may come in between.
addEventListener("error", tellOfScript, true);
addEventListener("unhandledrejection", tellLost);

/** @param {Event} event */
function tellOfScript({ target }) {
  if (target === window || target instanceof HTMLScriptElement) tellLost();
}

function tellLost() {
  const root = document.getElementById("page");
  if (root === null || root.childElementCount > 0) return;
  const told = document.createElement("p");
  told.role = "alert";
  told.className = "problem";
  told.textContent = "This page cannot be shown. Check your connection, then load it again.";
  root.append(told);
}
