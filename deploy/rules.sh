#!/usr/bin/env bash
# Release firestore.rules, unless they are what is released: bash deploy/rules.sh PROJECT DATABASE
# gcloud has no command for it, so this asks the Firebase Rules API.
set -euo pipefail
project=$1
release=projects/$project/releases/cloud.firestore
[[ $2 == '(default)' ]] || release+=/$2
token=$(gcloud auth print-access-token)

# The answer, or what is wrong to standard error. The header comes from a file, so that no list of
# processes shows the token. Without the project, a person's request would count for that of gcloud
# itself, and be refused.
ask() {
  local path=$1 answer status
  shift
  answer=$(curl --silent --show-error --write-out '\n%{http_code}' \
    -H @<(echo "Authorization: Bearer $token") \
    -H "X-Goog-User-Project: $project" -H 'Content-Type: application/json' \
    "https://firebaserules.googleapis.com/v1/$path" "$@")
  status=${answer##*$'\n'}
  if [[ $status == 200 ]]; then echo "${answer%$'\n'*}"; else
    echo "firebaserules.googleapis.com answered $status: ${answer%$'\n'*}" >&2
    return 1
  fi
}
field() { python3 -c 'import json, sys; print(json.load(sys.stdin)[sys.argv[1]])' "$1"; }
content_of() { python3 -c 'import json, sys; print(json.load(sys.stdin)["source"]["files"][0]["content"])'; }

# A database that is new has none.
if found=$(ask "$release" 2>&1); then
  current=$(echo "$found" | field rulesetName)
  content=$(ask "$current" | content_of)
  if [[ $content == "$(<firestore.rules)" ]]; then exit; fi
elif [[ $found == *'answered 404'* ]]; then
  current=
else
  echo "$found" >&2
  exit 1
fi

source=$(python3 -c 'import json, sys; print(json.dumps({"source": {"files": [
  {"name": "firestore.rules", "content": sys.stdin.read()}]}}))' <firestore.rules)
created=$(ask "projects/$project/rulesets" -d "$source")
wanted='{"name": "'$release'", "rulesetName": "'$(echo "$created" | field name)'"}'
if [[ $current ]]; then
  ask "$release" -X PATCH -d '{"release": '"$wanted"'}'
else
  ask "projects/$project/releases" -d "$wanted"
fi
