using './main.bicep'

param stage = 'dev'
param municipality = readEnvironmentVariable('MUNICIPALITY', 'みどり市（見本）')
param municipalityPhone = readEnvironmentVariable('MUNICIPALITY_PHONE', '0000-00-0000')
param tokenAudience = readEnvironmentVariable('TOKEN_AUDIENCE')
param alertAddress = readEnvironmentVariable('ALERT_ADDRESS', '')
param cosmosServerless = true
param published = readEnvironmentVariable('PUBLISHED', '') == 'true'
param publishingAddresses = filter(split(readEnvironmentVariable('PUBLISHING_ADDRESSES', ''), ' '), it => !empty(it))
