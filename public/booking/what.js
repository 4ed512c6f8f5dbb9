// What an appointment is: with whom, for what, and how long.

import { html, nothing } from "/vendor/lit-html-3.3.3/lit-html.js";
import { t } from "../scripts/texts.js";
import { state } from "./state.js";

/**
 * Show what an appointment is. A service that is no longer offered has no name.
 * @param {{ doctor_name: string, service_id?: string | null, duration_minutes: number }} appointment
 */
export function whatView({ doctor_name, service_id, duration_minutes }) {
  const service = state.services.find(({ id }) => id === service_id);
  return html`<strong><bdi>${doctor_name}</bdi></strong> ·
    ${service ? html`<bdi>${service.name}</bdi>, ` : nothing}${t("minutes", { count: duration_minutes })}`;
}
