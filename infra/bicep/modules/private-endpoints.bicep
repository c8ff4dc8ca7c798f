metadata description = 'A private endpoint with its DNS zone for every store that the app reaches.'

@description('Region.')
param location string

@description('Virtual network that resolves the private names.')
param networkId string

@description('Subnet of the endpoints.')
param subnetId string

@description('Account of the Functions host.')
param hostStorageName string

@description('Account with the queues and the copy of the catalog.')
param appStorageName string

@description('Cosmos DB account.')
param cosmosName string

@description('Vault of the receipt secrets.')
param keyVaultName string

@description('Tags of every resource.')
param tags object

resource hostStorage 'Microsoft.Storage/storageAccounts@2025-08-01' existing = {
  name: hostStorageName
}

resource appStorage 'Microsoft.Storage/storageAccounts@2025-08-01' existing = {
  name: appStorageName
}

resource cosmos 'Microsoft.DocumentDB/databaseAccounts@2025-10-15' existing = {
  name: cosmosName
}

resource vault 'Microsoft.KeyVault/vaults@2025-05-01' existing = {
  name: keyVaultName
}

var blob = 'privatelink.blob.${environment().suffixes.storage}'
var queue = 'privatelink.queue.${environment().suffixes.storage}'
var documents = 'privatelink.documents.azure.com'
var secrets = 'privatelink.vaultcore.azure.net'
var zones = [blob, queue, documents, secrets]

var endpoints = [
  { name: 'pep-${hostStorageName}-blob', target: hostStorage.id, group: 'blob', zone: blob }
  { name: 'pep-${appStorageName}-blob', target: appStorage.id, group: 'blob', zone: blob }
  { name: 'pep-${appStorageName}-queue', target: appStorage.id, group: 'queue', zone: queue }
  { name: 'pep-${cosmosName}', target: cosmos.id, group: 'Sql', zone: documents }
  { name: 'pep-${keyVaultName}', target: vault.id, group: 'vault', zone: secrets }
]

resource dnsZones 'Microsoft.Network/privateDnsZones@2024-06-01' = [
  for zone in zones: {
    name: zone
    location: 'global'
    tags: tags
  }
]

resource links 'Microsoft.Network/privateDnsZones/virtualNetworkLinks@2024-06-01' = [
  for (zone, index) in zones: {
    parent: dnsZones[index]
    name: 'to-app'
    location: 'global'
    properties: {
      virtualNetwork: { id: networkId }
      registrationEnabled: false
    }
  }
]

@batchSize(1)
resource privateEndpoints 'Microsoft.Network/privateEndpoints@2025-05-01' = [
  for endpoint in endpoints: {
    name: endpoint.name
    location: location
    tags: tags
    properties: {
      subnet: { id: subnetId }
      privateLinkServiceConnections: [
        {
          name: endpoint.name
          properties: {
            privateLinkServiceId: endpoint.target
            groupIds: [endpoint.group]
          }
        }
      ]
    }
  }
]

resource zoneGroups 'Microsoft.Network/privateEndpoints/privateDnsZoneGroups@2025-05-01' = [
  for (endpoint, index) in endpoints: {
    parent: privateEndpoints[index]
    name: 'default'
    properties: {
      privateDnsZoneConfigs: [
        {
          name: endpoint.group
          properties: { privateDnsZoneId: dnsZones[indexOf(zones, endpoint.zone)].id }
        }
      ]
    }
  }
]
