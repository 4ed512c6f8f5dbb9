"use strict";

const PHONE = "(max-width: 640px)";
// Every answer has these, so the page does not repeat them.
const COMMON_HEADERS = ["Request-Id", "API-Version"];

async function show() {
  const answer = await fetch("/openapi.json");
  if (!answer.ok) throw new Error(`/openapi.json: ${answer.status}`);
  const contract = await answer.json();
  // Whoever shows the page answers its requests, whatever servers the document names.
  contract.servers = [{ url: location.origin }];
  contract.externalDocs = { url: "/openapi.json", description: "openapi.json" };
  const operations = Object.values(contract.paths).flatMap(Object.values);
  operations.forEach(leaveHeadersEmpty);
  operations.forEach(leaveOutCommonHeaders);
  leaveOutCommonHeaders(contract.components);
  SwaggerUIBundle({
    dom_id: "#page",
    spec: contract,
    deepLinking: true,
    displayRequestDuration: true,
    docExpansion: matchMedia(PHONE).matches ? "none" : "list",
    defaultModelsExpandDepth: 0,
    tryItOutEnabled: true,
    validatorUrl: null,
  });
}

// Swagger UI sends examples of what is optional, too: an example of `If-None-Match` would turn the
// answer into a 304, one of `Idempotency-Key` the second booking into a refusal.
function leaveHeadersEmpty(operation) {
  for (const parameter of operation.parameters ?? []) {
    if (parameter.in === "header") delete parameter.example;
  }
}

function leaveOutCommonHeaders({ responses }) {
  for (const { headers } of Object.values(responses)) {
    for (const name of COMMON_HEADERS) delete headers?.[name];
  }
}

show().catch((error) => {
  document.getElementById("page").textContent = `The page cannot be shown: ${error.message}`;
});
