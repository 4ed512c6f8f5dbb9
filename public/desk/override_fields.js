// Time off and extra hours: what is asked for.

import { html, nothing } from "/vendor/lit-html-3.3.3/lit-html.js";
import { t } from "../scripts/texts.js";
import { choice, doctorField, field, longField } from "./fields.js";

/** @param {import("./state.js").Draft} draft */
export function overrideFields({ kind, time, until, date }) {
  const isOff = kind === "time_off";
  const areTimesNeeded = !isOff || time !== "" || until !== "";
  return html`${choice("kind", "desk.kind", [
    ["time_off", t("desk.time_off")],
    ["extra_hours", t("desk.extra_hours")],
  ])}
  ${doctorField()}
  <div class="beside">
    ${field("date", isOff ? "desk.first" : "desk.date", { type: "date", required: true })}
    ${isOff ? field("last", "desk.last", { type: "date", required: true, min: date }) : nothing}
  </div>
  <div class="beside">
    ${field("time", "desk.from", { type: "time", required: areTimesNeeded })}
    ${field("until", "desk.until", { type: "time", required: areTimesNeeded })}
  </div>
  ${isOff ? html`<p class="small">${t("desk.whole_days")}</p>` : nothing}
  ${longField("note", "desk.note")}`;
}
