metadata description = 'The vault of the receipt secrets. It is created empty: an operator puts them in.'

@description('Name of the vault.')
@minLength(3)
@maxLength(24)
param name string

@description('Region.')
param location string

@description('Keep the vault for 90 days after a deletion, whatever anybody does.')
param purgeProtection bool

@description('Bring a deleted vault of this name back instead of making one.')
param recover bool

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

resource vault 'Microsoft.KeyVault/vaults@2025-05-01' = {
  name: name
  location: location
  tags: tags
  properties: {
    tenantId: tenant().tenantId
    sku: { family: 'A', name: 'standard' }
    enableRbacAuthorization: true
    enableSoftDelete: true
    softDeleteRetentionInDays: purgeProtection ? 90 : 7
    enablePurgeProtection: purgeProtection ? true : null
    createMode: recover ? 'recover' : 'default'
    publicNetworkAccess: privateNetwork && empty(allowedAddresses) ? 'Disabled' : 'Enabled'
    networkAcls: {
      bypass: 'None'
      defaultAction: privateNetwork ? 'Deny' : 'Allow'
      ipRules: [for address in allowedAddresses: { value: address }]
    }
  }
}

resource lock 'Microsoft.Authorization/locks@2020-05-01' = if (locked) {
  scope: vault
  name: 'keep'
  properties: {
    level: 'CanNotDelete'
    notes: 'It holds data. docs/operations/restore.md says when it may go.'
  }
}

// There is no newer version, and none that is stable.
#disable-next-line use-recent-api-versions
resource logs 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  scope: vault
  name: 'to-workspace'
  properties: {
    workspaceId: workspaceId
    logs: [{ category: 'AuditEvent', enabled: true }]
  }
}

@description('Name of the vault.')
output name string = vault.name
