// What was refused, said to the staff.

import { Problem } from "../scripts/api.js";
import { codeOf, sentenceOf } from "../scripts/problems.js";
import { hasText, t } from "../scripts/texts.js";
import { statusText } from "./shown.js";

/**
 * Return a sentence about an error. The booking page's are meant for patients.
 * @param {unknown} problem
 */
export function deskSentence(problem) {
  if (!(problem instanceof Problem)) return sentenceOf(problem);
  const { errors = [], appointment_status } = problem.details;
  const key = [...errors.map(({ type }) => type), codeOf(problem)]
    .map((name) => `desk.problem.${name}`)
    .find(hasText);
  if (key === undefined) return sentenceOf(problem);
  return t(key, { status: appointment_status ? statusText(appointment_status) : "" });
}
