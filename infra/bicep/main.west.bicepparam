using './main.bicep'

// A second counter on a copy of the data, when japaneast is lost (docs/operations/restore.md, "A lost region").
// Of the copy, written here on that day: its name, for which the files refuse to deploy as long as it says COPY, and what
// preview tells where these two differ.
param cosmosAccount = 'COPY'
param cosmosZoneRedundant = false
param backupTier = 'Continuous30Days'

param location = 'japanwest'
param cosmosHome = 'japaneast'
param stage = 'prod'
param municipality = readEnvironmentVariable('MUNICIPALITY')
param municipalityPhone = readEnvironmentVariable('MUNICIPALITY_PHONE')
param tokenAudience = readEnvironmentVariable('TOKEN_AUDIENCE')
param alertAddress = readEnvironmentVariable('ALERT_ADDRESS')
param zoneRedundant = false
param alwaysReadyInstances = 2
param requestsThroughput = 10000
param sharedThroughput = 4000
param privateNetwork = true
param natGateway = true
param frontDoor = true
param ownDomain = readEnvironmentVariable('OWN_DOMAIN', '')
param ownDomainAnswers = readEnvironmentVariable('OWN_DOMAIN_ANSWERS', '') == 'true'
param logRetention = 90
param published = readEnvironmentVariable('PUBLISHED', '') == 'true'
param publishingAddresses = filter(split(readEnvironmentVariable('PUBLISHING_ADDRESSES', ''), ' '), it => !empty(it))
