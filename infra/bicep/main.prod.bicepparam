using './main.bicep'

param stage = 'prod'
param municipality = readEnvironmentVariable('MUNICIPALITY')
param municipalityPhone = readEnvironmentVariable('MUNICIPALITY_PHONE')
param tokenAudience = readEnvironmentVariable('TOKEN_AUDIENCE')
param alertAddress = readEnvironmentVariable('ALERT_ADDRESS')
param secondaryLocation = 'japanwest'
param zoneRedundant = true
param alwaysReadyInstances = 2
param requestsThroughput = 10000
param sharedThroughput = 4000
param backupTier = 'Continuous30Days'
param privateNetwork = true
param natGateway = true
param frontDoor = true
param ownDomain = readEnvironmentVariable('OWN_DOMAIN', '')
param ownDomainAnswers = readEnvironmentVariable('OWN_DOMAIN_ANSWERS', '') == 'true'
param logRetention = 90
param published = readEnvironmentVariable('PUBLISHED', '') == 'true'
param publishingAddresses = filter(split(readEnvironmentVariable('PUBLISHING_ADDRESSES', ''), ' '), it => !empty(it))
