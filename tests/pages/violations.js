// Runs in every frame before anything of the page, so that no violation comes too early for it.
addEventListener(
  "securitypolicyviolation",
  ({ effectiveDirective, blockedURI, sourceFile, lineNumber }) => {
    const where = sourceFile ? ` at ${sourceFile}:${lineNumber}` : "";
    globalThis.reportViolation(`${effectiveDirective} blocked ${blockedURI}${where}`);
  },
  { capture: true },
);
