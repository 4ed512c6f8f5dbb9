#!/usr/bin/env bash
# Release firestore.rules, unless they are what is released: bash deploy/rules.sh PROJECT DATABASE
# gcloud has no command for it, so this asks the Firebase Rules API.
set -euo pipefail
project=$1
release=projects/$project/releases/cloud.firestore
[[ $2 == '(default)' ]] || release+=/$2
token=$(gcloud auth print-access-token)

# The header comes from a file, so that no list of processes shows the token. Without the project,
# a person's request would count for that of gcloud itself, and be refused.
ask() {
  curl --fail --silent --show-error -H @<(echo "Authorization: Bearer $token") \
    -H "X-Goog-User-Project: $project" -H 'Content-Type: application/json' \
    "https://firebaserules.googleapis.com/v1/$1" "${@:2}"
}
field() { python3 -c 'import json, sys; print(json.load(sys.stdin)[sys.argv[1]])' "$1"; }
content_of() { python3 -c 'import json, sys; print(json.load(sys.stdin)["source"]["files"][0]["content"])'; }

# A database that is new has none.
current=$(ask "$release" 2>/dev/null | field rulesetName 2>/dev/null) || current=
if [[ $current && $(ask "$current" | content_of) == "$(<firestore.rules)" ]]; then exit; fi

source=$(python3 -c 'import json, sys; print(json.dumps({"source": {"files": [
  {"name": "firestore.rules", "content": sys.stdin.read()}]}}))' <firestore.rules)
ruleset=$(ask "projects/$project/rulesets" -d "$source" | field name)
wanted='{"name": "'$release'", "rulesetName": "'$ruleset'"}'
if [[ $current ]]; then
  ask "$release" -X PATCH -d '{"release": '"$wanted"'}'
else
  ask "projects/$project/releases" -d "$wanted"
fi
