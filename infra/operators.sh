# What operators type at a desk, as functions of bash. Sourced at the end of their file of values, which has GROUP,
# PARAMETERS, TOKEN_AUDIENCE, OBJECT and what the parameter file reads (docs/operations/README.md, "Before the day").
GRAPH=https://graph.microsoft.com/v1.0

output() { # what the last deployment tells of itself
  az deployment group show --name madoguchi --resource-group "$GROUP" --query "properties.outputs.$1.value" --output tsv
}

names() { # asks for the names of what stands in GROUP, and forgets those of another group
  unset APP VAULT BASE WORKSPACE
  APP=$(output functionAppName)
  if [ -z "$APP" ]; then
    echo "$GROUP: nothing is deployed, the last deployment failed, or you are not signed in" >&2
    return 1
  fi
  VAULT=$(output keyVaultName)
  BASE=$(output address)
  WORKSPACE=$(az monitor log-analytics workspace show --resource-group "$GROUP" \
    --workspace-name "$(output workspaceName)" --query customerId --output tsv)
  export APP VAULT BASE
}

preview() { # what a deployment would change; an error where it must not
  az deployment group what-if --resource-group "$GROUP" --parameters "$PARAMETERS" "$@" --no-pretty-print |
    python infra/preview.py
}

deploy() { # deploys what preview does not refuse
  preview "$@" && az deployment group create --name madoguchi --resource-group "$GROUP" --parameters "$PARAMETERS" "$@" \
    --output none && names
}

logs() { # asks the logs of the last hour; SPAN=P2D logs '...' of the last two days
  az monitor log-analytics query --workspace "$WORKSPACE" --timespan "${SPAN:-PT1H}" --analytics-query "$1" --output table
}

me() { az ad signed-in-user show --query id --output tsv; }

token() { az account get-access-token --scope "$TOKEN_AUDIENCE/.default" --query accessToken --output tsv; }

queues() {
  curl -sm 30 "$BASE/api/operations/queues" -H "Authorization: Bearer $(token)"
  echo
}

put() { # stores what comes in as a secret, in place of the one that is there
  az keyvault secret set --vault-name "$VAULT" --name "$1" --file /dev/stdin --output none
}

put_once() { # stores what comes in as a secret, unless there is one
  local there
  there=$(az keyvault secret list --vault-name "$VAULT" --query "[?name=='$1'].name" --output tsv) || return
  if [ -n "$there" ]; then
    echo "$1 is there, and stays" >&2
  else
    put "$1"
  fi
}

refresh() { # has the app read its secrets anew
  az rest --method POST --url "$(az functionapp show --name "$APP" --resource-group "$GROUP" --query id \
    --output tsv)/config/configreferences/appsettings/refresh?api-version=2022-03-01"
}

grant() { # gives a person roles in the app: grant hanako@example.lg.jp Operator Team.supplies
  local person service role id
  person=$(az ad user show --id "$1" --query id --output tsv) || return
  service=$(az ad sp show --id "$TOKEN_AUDIENCE" --query id --output tsv) || return
  shift
  for role in "$@"; do
    id=$(az ad sp show --id "$TOKEN_AUDIENCE" --query "appRoles[?value=='$role'].id" --output tsv)
    if [ -z "$id" ]; then
      echo "there is no role $role" >&2
      return 1
    fi
    az rest --method POST --url "$GRAPH/servicePrincipals/$service/appRoleAssignedTo" --output none \
      --body "{\"principalId\": \"$person\", \"resourceId\": \"$service\", \"appRoleId\": \"$id\"}"
  done
}

redirects() { # says to which addresses Entra ID sends staff back; those that are not named are gone
  local pages
  pages=$(printf '"%s/staff", ' "$@")
  az rest --method PATCH --url "$GRAPH/applications/$OBJECT" --body "{\"spa\": {\"redirectUris\": [${pages%, }]}}"
}

latest_backup() { # the time up to which a whole account can be restored: latest_backup ACCOUNT REGION GROUP
  local name
  for name in $(az cosmosdb sql container list --resource-group "$3" --account-name "$1" --database-name madoguchi \
    --query '[].name' --output tsv); do
    az cosmosdb sql retrieve-latest-backup-time --resource-group "$3" --account-name "$1" --database-name madoguchi \
      --container-name "$name" --location "$2" --output tsv \
      --query "join(' ', [continuousBackupInformation.latestRestorableTimestamp, 'UTC'])" || echo "$name does not answer"
  done | date -u -f - +%Y-%m-%dT%H:%M:%SZ | sort | head -1 # Azure writes 10/26/2021 5:27:45 PM, and means UTC
}

delete_account() { # deletes a Cosmos DB account, its endpoint and its lock, unless the counter works on it
  local live
  live=$(output cosmosName)
  if [ -z "$1" ] || [ -z "$live" ] || [ "$1" = "$live" ]; then
    echo "not deleted: '$1'; the counter works on '${live:-an account that nothing names}'" >&2
    return 1
  fi
  az lock delete --name keep --resource-group "$GROUP" --resource-type Microsoft.DocumentDB/databaseAccounts --resource "$1"
  az network private-endpoint delete --name "pep-$1" --resource-group "$GROUP"
  az cosmosdb delete --name "$1" --resource-group "$GROUP" --yes
}

names
