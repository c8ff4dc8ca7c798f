metadata description = 'The Cosmos DB account with the database and every container of the app (wiring/__init__.py: containers_of).'

@description('Name of the account.')
@minLength(3)
@maxLength(44)
param name string

@description('Region that the account is registered in.')
param home string

@description('First region: the one that is written to.')
param location string

@description('Region that takes over; empty for none.')
param secondaryLocation string

@description('Spread the first region over availability zones.')
param zoneRedundant bool

@description('Pay by the request, in one region.')
param serverless bool

@description('Most RU/s of the container `requests`.')
param requestsThroughput int

@description('Most RU/s that the other containers share.')
param sharedThroughput int

@description('How far back the account can be restored.')
param backupTier string

@description('Refuse the public network.')
param privateNetwork bool

@description('Public IPv4 addresses that may come in all the same.')
param allowedAddresses array

@description('Let nobody delete it before a lock is taken off.')
param locked bool

@description('Workspace that the logs go to.')
param workspaceId string

@description('Tags of every resource.')
param tags object

var containers = [
  {
    name: 'requests'
    partitionKey: '/reference'
    expires: true
    indexed: [
      '/type/?'
      '/dueAt/?'
      '/team/?'
      '/status/?'
      '/deadline/?'
      '/priority/?'
      '/lease/until/?'
      '/booking/state/?'
      '/booking/method/?'
      '/booking/since/?'
      '/booking/blocks/[]/?'
      '/booking/folding/?'
    ]
  }
  {
    name: 'catalog'
    partitionKey: '/kind'
    expires: false
    indexed: ['/current/?']
  }
  {
    name: 'claims'
    partitionKey: '/claimId'
    expires: true
    indexed: []
  }
  {
    name: 'failures'
    partitionKey: '/queue'
    expires: true
    indexed: ['/status/?', '/lastAt/?']
  }
  {
    name: 'audit'
    partitionKey: '/subject'
    expires: false
    indexed: ['/at/?']
  }
  {
    name: 'sites'
    partitionKey: '/siteId'
    expires: false
    indexed: ['/type/?', '/starts/?', '/dueAt/?', '/at/?']
  }
  {
    name: 'quotas'
    partitionKey: '/id'
    expires: false
    indexed: []
  }
]

var primary = { locationName: location, failoverPriority: 0, isZoneRedundant: zoneRedundant }
var secondary = { locationName: secondaryLocation, failoverPriority: 1, isZoneRedundant: false }
var documentsExpireByTheirOwnTtl = -1

resource account 'Microsoft.DocumentDB/databaseAccounts@2025-10-15' = {
  name: name
  location: home
  tags: tags
  kind: 'GlobalDocumentDB'
  properties: {
    databaseAccountOfferType: 'Standard'
    locations: empty(secondaryLocation) ? [primary] : [primary, secondary]
    enableAutomaticFailover: !serverless // whatever the regions are: Azure refuses a change of both in one request
    enableMultipleWriteLocations: false
    consistencyPolicy: { defaultConsistencyLevel: 'Session' }
    capabilities: serverless ? [{ name: 'EnableServerless' }] : []
    backupPolicy: {
      type: 'Continuous'
      continuousModeProperties: { tier: backupTier }
    }
    disableLocalAuth: true
    disableKeyBasedMetadataWriteAccess: true
    minimalTlsVersion: 'Tls12'
    publicNetworkAccess: privateNetwork && empty(allowedAddresses) ? 'Disabled' : 'Enabled'
    networkAclBypass: 'None'
    ipRules: privateNetwork ? map(allowedAddresses, address => { ipAddressOrRange: address }) : []
  }
}

resource database 'Microsoft.DocumentDB/databaseAccounts/sqlDatabases@2025-10-15' = {
  parent: account
  name: 'madoguchi'
  properties: {
    resource: { id: 'madoguchi' }
    options: serverless ? {} : { autoscaleSettings: { maxThroughput: sharedThroughput } }
  }
}

@batchSize(1)
resource sqlContainers 'Microsoft.DocumentDB/databaseAccounts/sqlDatabases/containers@2025-10-15' = [
  for container in containers: {
    parent: database
    name: container.name
    properties: {
      resource: {
        id: container.name
        partitionKey: { paths: [container.partitionKey], kind: 'Hash', version: 2 }
        defaultTtl: container.expires ? documentsExpireByTheirOwnTtl : null
        indexingPolicy: {
          automatic: true
          indexingMode: 'consistent'
          includedPaths: [for path in container.indexed: { path: path }]
          excludedPaths: [{ path: '/*' }, { path: '/"_etag"/?' }]
        }
      }
      options: !serverless && container.name == 'requests'
        ? { autoscaleSettings: { maxThroughput: requestsThroughput } }
        : {}
    }
  }
]

resource lock 'Microsoft.Authorization/locks@2020-05-01' = if (locked) {
  scope: account
  name: 'keep'
  properties: {
    level: 'CanNotDelete'
    notes: 'It holds data. docs/operations/restore.md says when it may go.'
  }
}

// There is no newer version, and none that is stable.
#disable-next-line use-recent-api-versions
resource logs 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  scope: account
  name: 'to-workspace'
  properties: {
    workspaceId: workspaceId
    logAnalyticsDestinationType: 'Dedicated'
    logs: [
      { category: 'ControlPlaneRequests', enabled: true }
      { category: 'DataPlaneRequests', enabled: true }
      { category: 'PartitionKeyRUConsumption', enabled: true }
    ]
  }
}

@description('Name of the account.')
output name string = account.name

@description('Name of the database.')
output databaseName string = database.name
