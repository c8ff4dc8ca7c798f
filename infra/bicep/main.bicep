metadata name = 'Madoguchi'
metadata description = 'Everything that one counter needs, in one resource group. No secret goes in or comes out; deploying twice changes nothing.'

targetScope = 'resourceGroup'

@description('Which deployment this is; part of every name.')
@allowed(['dev', 'prod'])
param stage string

@description('Region of everything that stands in one region. Residents\' data stays in Japan.')
@allowed(['japaneast', 'japanwest'])
param location string = 'japaneast'

@description('Second region of Cosmos DB, which takes over when the first one is lost; empty for none.')
@allowed(['', 'japaneast', 'japanwest'])
param secondaryLocation string = ''

@description('Spread the app and both storage accounts over availability zones.')
param zoneRedundant bool = false

@description('Spread the first region of Cosmos DB over availability zones. It cannot change for a region that is there.')
param cosmosZoneRedundant bool = zoneRedundant

@description('Name of the municipality, as the pages show it.')
@minLength(1)
param municipality string

@description('Telephone number that every refusal names.')
@minLength(1)
param municipalityPhone string

@description('Application (client) id of the registration in Entra ID: the audience of staff tokens.')
@minLength(36)
@maxLength(36)
param tokenAudience string

@description('E-mail address that alerts go to; empty for none.')
param alertAddress string = ''

@description('Memory of one instance in MB.')
@allowed([512, 2048, 4096])
param instanceMemory int = 2048

@description('Most instances of one scaling group (all HTTP together, each queue, each timer).')
@minValue(40)
@maxValue(1000)
param maximumInstances int = 100

@description('HTTP requests that one instance works on at a time. The platform\'s own default for Python is 1: an instance, and a cold start, for every request of a burst.')
@minValue(1)
@maxValue(1000)
param httpConcurrency int = 16

@description('Instances for HTTP that never go to sleep; with any, one for each queue worker too. A zone redundant app wants two.')
@minValue(0)
@maxValue(20)
param alwaysReadyInstances int = 0

@description('Name of the Cosmos DB account; empty for the usual one. After a restore, the name of the restored account.')
@maxLength(44)
param cosmosAccount string = ''

@description('Region that the Cosmos DB account is registered in, which never changes: of a restored account, that of the account it comes from.')
@allowed(['japaneast', 'japanwest'])
param cosmosHome string = location

@description('Pay Cosmos DB by the request instead of by throughput: for trials, in one region only.')
param cosmosServerless bool = false

@description('Most RU/s of the container `requests`; it idles at a tenth.')
@minValue(1000)
@maxValue(1000000)
param requestsThroughput int = 4000

@description('Most RU/s that all other containers share; they idle at a tenth.')
@minValue(1000)
@maxValue(1000000)
param sharedThroughput int = 2000

@description('How far back Cosmos DB can be restored to any second.')
@allowed(['Continuous7Days', 'Continuous30Days'])
param backupTier string = 'Continuous7Days'

@description('Reach the stores and the vault through private endpoints only.')
param privateNetwork bool = false

@description('With the private network: let the app call out from one fixed address, through a NAT gateway.')
param natGateway bool = false

@description('Public IPv4 addresses that may reach the stores and the vault past the private network: operators who set secrets, staff apps that poll a queue.')
param allowedAddresses array = []

@description('Public IPv4 addresses that may publish the code, and call the app past Front Door: for the time of a publication.')
param publishingAddresses array = []

@description('Let nobody delete what holds data (Cosmos DB, the queues, the vault) before a lock is taken off.')
param locks bool = stage == 'prod'

@description('Keep a deleted vault for 90 days whatever anybody does, its name with it. Once on, it stays on. Off for trials, which are deleted and made again.')
param purgeProtection bool = stage == 'prod'

@description('Bring the vault back that was deleted with its group: for one deployment, then off again.')
param recoverVault bool = false

@description('Put Front Door with a web application firewall before the app, and let nothing else reach it.')
param frontDoor bool = false

@description('With Front Door: the municipality\'s own name for the counter, such as madoguchi.example.lg.jp; empty for none.')
param ownDomain string = ''

@description('The own name answers: the web test asks there, and the output `address` says it. Before that, the web test would wake people.')
param ownDomainAnswers bool = false

@description('Requests in a minute from one address at which the firewall starts to refuse, and each instance by itself. An evacuation centre shares one address: keep it generous.')
@minValue(100)
@maxValue(100000)
param requestsPerMinute int = 1200

@description('The code was published once: ask the counter from outside, and wake somebody by what it logs. Before that, the web test would fail and the alerts would ask for tables that are not there.')
param published bool = false

@description('Days that logs are kept.')
@minValue(30)
@maxValue(730)
param logRetention int = 30

@description('Percent of the traces that Application Insights keeps, each as a whole; metrics and logs are always all kept. Lower it in a storm.')
@minValue(1)
@maxValue(100)
param tracesKept int = 100

@description('Tags of every resource.')
param tags object = { application: 'madoguchi', stage: stage }

// What Azure would refuse in the middle of a deployment, or take without effect: a sentence for each, or nothing.
// tests/infra/reckoning.py works these expressions out and knows few functions and operators: keep to those.
var privateRanges = concat(['10.', '127.', '169.254.', '192.168.'], map(range(16, 16), second => '172.${second}.'))
var ofOneOrTwo = filter(allowedAddresses, one => endsWith(one, '/31') || endsWith(one, '/32'))
var notOfVersion4 = filter(allowedAddresses, one => contains(one, ':'))
var notPublic = filter(allowedAddresses, one => !empty(filter(privateRanges, start => startsWith(one, start))))
var refusedAddresses = concat(ofOneOrTwo, notOfVersion4, notPublic)
var groupsOfAudience = join(map(split(tokenAudience, '-'), group => string(length(group))), '-')
var audienceInSmall = toLower(tokenAudience)
var oddInAudience = filter(range(0, 36), place => !contains('0123456789abcdef-', substring(audienceInSmall, place, 1)))
var isAccountName = length(cosmosAccount) > 2 && cosmosAccount == toLower(cosmosAccount)
var isBareName = ownDomain == toLower(ownDomain) && !contains(ownDomain, '/') && !contains(ownDomain, ':')
var sentences = [
  cosmosServerless && !empty(secondaryLocation)
    ? 'cosmosServerless: Cosmos DB by the request stands in one region, so secondaryLocation must be empty.'
    : ''
  secondaryLocation == location ? 'secondaryLocation: the second region is the first one.' : ''
  requestsThroughput % 1000 != 0 ? 'requestsThroughput: autoscale goes in steps of 1,000.' : ''
  sharedThroughput % 1000 != 0 ? 'sharedThroughput: autoscale goes in steps of 1,000.' : ''
  stage == 'prod' && empty(alertAddress) ? 'alertAddress: prod must wake somebody; the address is empty.' : ''
  !empty(allowedAddresses) && !privateNetwork
    ? 'allowedAddresses: without privateNetwork everybody is let in, and the list has no effect.'
    : ''
  empty(refusedAddresses)
    ? ''
    : 'allowedAddresses: storage takes public IPv4 addresses, and networks up to /30. Not: ${join(refusedAddresses, ', ')}.'
  empty(filter(publishingAddresses, one => contains(one, '/') || contains(one, ':')))
    ? ''
    : 'publishingAddresses: single IPv4 addresses only, without a length of a network.'
  empty(cosmosAccount) || isAccountName ? '' : 'cosmosAccount: a name has three characters at least, and no capitals.'
  groupsOfAudience == '8-4-4-4-12' && empty(oddInAudience)
    ? ''
    : 'tokenAudience: an application id has 8-4-4-4-12 characters, each a digit or one of a to f.'
  natGateway && !privateNetwork ? 'natGateway: without privateNetwork there is no network to give a way out.' : ''
  !empty(ownDomain) && !frontDoor ? 'ownDomain: without frontDoor there is nothing that answers to the name.' : ''
  ownDomainAnswers && empty(ownDomain) ? 'ownDomainAnswers: there is no own name that could answer.' : ''
  isBareName ? '' : 'ownDomain: only the name, in small letters, such as madoguchi.example.lg.jp.'
]
var refused = filter(sentences, sentence => !empty(sentence))
var checkedTags = empty(refused) ? tags : fail(join(refused, ' '))

var unique = uniqueString(resourceGroup().id, stage)
var platformHost = frontDoor ? door!.outputs.host : functionApp.outputs.host
var address = 'https://${ownDomainAnswers ? ownDomain : platformHost}'
var issuer = '${environment().authentication.loginEndpoint}${tenant().tenantId}'

module monitoring 'modules/monitoring.bicep' = {
  name: 'monitoring'
  params: {
    workspaceName: 'log-madoguchi-${stage}'
    insightsName: 'appi-madoguchi-${stage}'
    location: location
    logRetention: logRetention
    tags: checkedTags
  }
}

module network 'modules/network.bicep' = if (privateNetwork) {
  name: 'network'
  params: {
    name: 'vnet-madoguchi-${stage}'
    natName: 'ng-madoguchi-${stage}'
    addressName: 'pip-madoguchi-${stage}'
    location: location
    natGateway: natGateway
    tags: checkedTags
  }
}

module hostStorage 'modules/storage.bicep' = {
  name: 'host-storage'
  params: {
    name: 'sthost${stage}${unique}'
    location: location
    zoneRedundant: zoneRedundant
    containers: ['deployment']
    queues: []
    keepVersions: false
    privateNetwork: privateNetwork
    allowedAddresses: []
    locked: false
    workspaceId: monitoring.outputs.workspaceId
    tags: checkedTags
  }
}

module appStorage 'modules/storage.bicep' = {
  name: 'app-storage'
  params: {
    name: 'stapp${stage}${unique}'
    location: location
    zoneRedundant: zoneRedundant
    containers: ['catalog']
    queues: [
      'requests-advance'
      'requests-advance-poison'
      'requests-intake'
      'requests-intake-poison'
      'tasks-certificates'
      'tasks-certificates-urgent'
      'tasks-delivery'
      'tasks-delivery-urgent'
      'tasks-supervisors'
      'tasks-supervisors-urgent'
      'tasks-supplies'
      'tasks-supplies-urgent'
      'tasks-welfare'
      'tasks-welfare-urgent'
    ]
    keepVersions: true
    privateNetwork: privateNetwork
    allowedAddresses: allowedAddresses
    locked: locks
    workspaceId: monitoring.outputs.workspaceId
    tags: checkedTags
  }
}

module cosmos 'modules/cosmos.bicep' = {
  name: 'cosmos'
  params: {
    name: empty(cosmosAccount) ? 'cosmos-madoguchi-${stage}-${unique}' : cosmosAccount
    home: cosmosHome
    location: location
    secondaryLocation: secondaryLocation
    zoneRedundant: cosmosZoneRedundant
    serverless: cosmosServerless
    requestsThroughput: requestsThroughput
    sharedThroughput: sharedThroughput
    backupTier: backupTier
    privateNetwork: privateNetwork
    allowedAddresses: allowedAddresses
    locked: locks
    workspaceId: monitoring.outputs.workspaceId
    tags: checkedTags
  }
}

module keyVault 'modules/key-vault.bicep' = {
  name: 'key-vault'
  params: {
    name: 'kv-${stage}-${unique}'
    location: location
    purgeProtection: purgeProtection
    recover: recoverVault
    privateNetwork: privateNetwork
    allowedAddresses: allowedAddresses
    locked: locks
    workspaceId: monitoring.outputs.workspaceId
    tags: checkedTags
  }
}

module identity 'modules/identity.bicep' = {
  name: 'identity'
  params: {
    name: 'id-madoguchi-${stage}'
    location: location
    tags: checkedTags
  }
}

module access 'modules/access.bicep' = {
  name: 'access'
  params: {
    principalId: identity.outputs.principalId
    hostStorageName: hostStorage.outputs.name
    appStorageName: appStorage.outputs.name
    cosmosName: cosmos.outputs.name
    databaseName: cosmos.outputs.databaseName
    keyVaultName: keyVault.outputs.name
    insightsName: monitoring.outputs.insightsName
  }
}

// After `access`: Cosmos DB refuses a change of the account while another is under way.
module privateEndpoints 'modules/private-endpoints.bicep' = if (privateNetwork) {
  name: 'private-endpoints'
  params: {
    location: location
    networkId: network!.outputs.id
    subnetId: network!.outputs.endpointSubnetId
    hostStorageName: hostStorage.outputs.name
    appStorageName: appStorage.outputs.name
    cosmosName: cosmos.outputs.name
    keyVaultName: keyVault.outputs.name
    tags: checkedTags
  }
  dependsOn: [access]
}

module door 'modules/front-door.bicep' = if (frontDoor) {
  name: 'front-door'
  params: {
    name: 'afd-madoguchi-${stage}'
    endpointName: 'fde-madoguchi-${stage}-${unique}'
    firewallName: 'fdfpmadoguchi${stage}'
    requestsPerMinute: requestsPerMinute
    ownDomain: ownDomain
    workspaceId: monitoring.outputs.workspaceId
    tags: checkedTags
  }
}

module functionApp 'modules/function-app.bicep' = {
  name: 'function-app'
  params: {
    name: 'func-madoguchi-${stage}-${unique}'
    planName: 'asp-madoguchi-${stage}'
    location: location
    zoneRedundant: zoneRedundant
    instanceMemory: instanceMemory
    maximumInstances: maximumInstances
    httpConcurrency: httpConcurrency
    alwaysReadyInstances: alwaysReadyInstances
    subnetId: privateNetwork ? network!.outputs.appSubnetId : ''
    publishingAddresses: publishingAddresses
    frontDoorId: frontDoor ? door!.outputs.frontDoorId : ''
    identityName: identity.outputs.name
    hostStorageName: hostStorage.outputs.name
    deploymentContainer: 'deployment'
    appStorageName: appStorage.outputs.name
    cosmosName: cosmos.outputs.name
    cosmosRegions: empty(secondaryLocation) ? [location] : [location, secondaryLocation]
    databaseName: cosmos.outputs.databaseName
    keyVaultName: keyVault.outputs.name
    insightsName: monitoring.outputs.insightsName
    workspaceId: monitoring.outputs.workspaceId
    tokenIssuer: '${issuer}/v2.0'
    tokenAudience: tokenAudience
    tokenKeys: '${issuer}/discovery/v2.0/keys'
    municipality: municipality
    municipalityPhone: municipalityPhone
    callsPerMinute: requestsPerMinute
    tracesKept: tracesKept
    tags: checkedTags
  }
  dependsOn: [access, privateEndpoints]
}

module route 'modules/front-door-route.bicep' = if (frontDoor) {
  name: 'front-door-route'
  params: {
    profileName: door!.outputs.profileName
    endpointName: door!.outputs.endpointName
    domainId: door!.outputs.domainId
    siteHost: functionApp.outputs.host
  }
}

module webTest 'modules/web-test.bicep' = if (published) {
  name: 'web-test'
  params: {
    location: location
    insightsName: monitoring.outputs.insightsName
    address: address
    tags: checkedTags
  }
}

module alerts 'modules/alerts.bicep' = {
  name: 'alerts'
  params: {
    stage: stage
    location: location
    workspaceId: monitoring.outputs.workspaceId
    cosmosName: cosmos.outputs.name
    published: published
    alertAddress: alertAddress
    tags: checkedTags
  }
}

@description('Name of the function app, for `func azure functionapp publish`.')
output functionAppName string = functionApp.outputs.name

@description('Address that residents and staff use.')
output address string = address

@description('Host of Front Door, which the own name must point to; empty without Front Door.')
output frontDoorHost string = frontDoor ? door!.outputs.host : ''

@description('What the record `_dnsauth` of the own name must say; empty without an own name, or once it need not.')
output validationToken string = frontDoor ? door!.outputs.validationToken : ''

@description('Address that the app calls others from; empty where it is not fixed.')
output outboundAddress string = privateNetwork ? network!.outputs.address : ''

@description('Name of the vault that waits for `reference-secret` and `access-secrets`.')
output keyVaultName string = keyVault.outputs.name

@description('Account with the queues and the copy of the catalog.')
output appStorageName string = appStorage.outputs.name

@description('Account of the Functions host, with the deployment package.')
output hostStorageName string = hostStorage.outputs.name

@description('Cosmos DB account.')
output cosmosName string = cosmos.outputs.name

@description('Where the logs are.')
output workspaceName string = monitoring.outputs.workspaceName
