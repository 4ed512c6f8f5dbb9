// What a clinic makes its own. docs/pages.md explains each line.

export default {
  // Shown at the top of both pages and in the title of the window.
  name: "Appointments",
  // How to reach the clinic, a line each, at the foot of both pages.
  contact: /** @type {string[]} */ ([]),
  // A picture beside the name, such as "/logo.svg"; null shows none.
  logo: null,
  // Buttons, links and marked days; on each background text must keep a contrast of 4.5 to 1.
  colors: { light: "#0b57a4", dark: "#9cc4f2" },
  // The files in languages/ that visitors may choose from; the first is for all others.
  languages: ["en", "de"],
  // The lengths in minutes that are offered where a clinic has no services; the first is proposed.
  lengths: [30, 15, 45, 60, 90],
};
