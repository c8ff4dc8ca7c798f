#!/bin/sh
# Compiles and lints every Bicep file, and asks whether each is formatted; a warning is an error. Needs az, signed in or not.
set -eu
cd "$(dirname "$0")/bicep"
az bicep install --version v0.49.2
export MUNICIPALITY=x MUNICIPALITY_PHONE=x ALERT_ADDRESS=x TOKEN_AUDIENCE=00000000-0000-0000-0000-000000000000
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

told() { # Runs a command and ends with what it told where it failed or warned.
  if "$@" >"$folder/told" 2>&1 && ! grep -qi ': warning' "$folder/told"; then return; fi
  cat "$folder/told" >&2
  exit 1
}

told az bicep lint --file main.bicep
for stage in dev prod west; do
  told az bicep build-params --file main.$stage.bicepparam --outfile "$folder/$stage.json"
done
for file in main.bicep main.*.bicepparam modules/*.bicep; do
  told az bicep format --file "$file" --outfile "$folder/formatted"
  told diff "$file" "$folder/formatted"
done
