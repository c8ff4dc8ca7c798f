#!/bin/sh
# Publishes a package of `make package`, forward or back, and asks whether it is what runs: infra/publish.sh ARCHIVE
# Takes APP, GROUP and BASE from the environment (docs/operations/README.md). Needs az, func, and Linux with Python 3.13.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m zipfile -e "$1" "$folder"
wanted=$(cat "$folder/commit.txt")
expected=$(cd "$folder" && PYTHONPATH=.python_packages/lib/site-packages:. PYTHONDONTWRITEBYTECODE=1 \
  python3 -S -c 'import function_app; print(len(function_app.app.get_functions()))')

(cd "$folder" && func azure functionapp publish "$APP" --python --no-build)

# A publication that leaves the triggers as they were lets timers stand still.
id=$(az functionapp show --name "$APP" --resource-group "$GROUP" --query id --output tsv)
az rest --method POST --url "$id/host/default/sync?api-version=2024-11-01"

for _ in $(seq 20); do
  found=$(az functionapp function list --name "$APP" --resource-group "$GROUP" --query 'length(@)' --output tsv)
  running=$(curl -sm 20 "$BASE/api/health" | sed -n 's/.*"commit": *"\([^"]*\)".*/\1/p')
  if [ "$found" = "$expected" ] && [ "$running" = "$wanted" ]; then
    echo "published: $running, $found functions"
    exit 0
  fi
  sleep 15
done
echo "not as published: $found functions of $expected, commit ${running:-unknown} instead of $wanted" >&2
exit 1
