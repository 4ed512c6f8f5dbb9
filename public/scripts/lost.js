// Say so where a page cannot be shown, because a file of it was lost. This is no module, since none
// of them runs where one is lost.

addEventListener("error", ({ target }) => target instanceof HTMLScriptElement && tellLost(), true);
addEventListener("unhandledrejection", tellLost);

function tellLost() {
  const root = document.getElementById("page");
  if (root === null || root.childElementCount > 0) return;
  const told = document.createElement("p");
  told.role = "alert";
  told.className = "problem";
  told.textContent = "This page cannot be shown. Check your connection, then load it again.";
  root.append(told);
}
