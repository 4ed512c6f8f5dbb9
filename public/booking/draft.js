// What is begun and not finished, kept until the tab is closed: loading the page again loses nothing.

import { keepInTab, keptInTab } from "../scripts/store.js";
import { state } from "./state.js";

const UNFINISHED = "unfinished";

/** Keep what is typed, held, and without an answer. */
export function saveDraft() {
  const { time, hold, draft, request, moving, serviceId, minutes } = state;
  keepInTab(UNFINISHED, time && { time, hold, draft, request, moving, serviceId, minutes });
}

/** Return what was kept, or null. @returns {Partial<import("./state.js").State> | null} */
export function savedDraft() {
  return keptInTab(UNFINISHED);
}
