metadata description = 'The app on Flex Consumption, with every setting it and its host read.'

@description('Name of the function app.')
param name string

@description('Name of its plan.')
param planName string

@description('Region.')
param location string

@description('Spread the instances over availability zones.')
param zoneRedundant bool

@description('Memory of one instance in MB.')
param instanceMemory int

@description('Most instances of one scaling group.')
param maximumInstances int

@description('HTTP requests that one instance works on at a time.')
param httpConcurrency int

@description('Instances for HTTP that never go to sleep.')
param alwaysReadyInstances int

@description('Subnet that the app sends from; empty for none.')
param subnetId string

@description('Front Door that alone may call the app; empty to let anyone.')
param frontDoorId string

@description('Public IPv4 addresses that may publish, and call the app past Front Door meanwhile.')
param publishingAddresses array

@description('Identity of the app.')
param identityName string

@description('Account of the Functions host.')
param hostStorageName string

@description('Its container with the deployment package.')
param deploymentContainer string

@description('Account with the queues and the copy of the catalog.')
param appStorageName string

@description('Cosmos DB account.')
param cosmosName string

@description('Regions of Cosmos DB, the nearest first.')
param cosmosRegions array

@description('Database of the app.')
param databaseName string

@description('Vault of the receipt secrets.')
param keyVaultName string

@description('Application Insights component.')
param insightsName string

@description('Percent of the traces that are kept.')
param tracesKept int

@description('Workspace that the logs go to.')
param workspaceId string

@description('Issuer of staff tokens.')
param tokenIssuer string

@description('Audience of staff tokens.')
param tokenAudience string

@description('Where the signing keys of the issuer are.')
param tokenKeys string

@description('Name of the municipality.')
param municipality string

@description('Telephone number that every refusal names.')
param municipalityPhone string

@description('Calls in a minute from one address that an instance takes from residents, of those that send and of those that only ask each.')
param callsPerMinute int

@description('Tags of every resource.')
param tags object

resource identity 'Microsoft.ManagedIdentity/userAssignedIdentities@2024-11-30' existing = {
  name: identityName
}

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

resource insights 'Microsoft.Insights/components@2020-02-02' existing = {
  name: insightsName
}

var publishing = [
  for (address, index) in publishingAddresses: {
    name: 'publishing-${index}'
    priority: 200 + index
    action: 'Allow'
    ipAddress: '${address}/32'
  }
]
var fromFrontDoor = {
  name: 'front-door'
  priority: 100
  action: 'Allow'
  tag: 'ServiceTag'
  ipAddress: 'AzureFrontDoor.Backend'
  headers: { 'x-azure-fdid': [frontDoorId] }
}

resource plan 'Microsoft.Web/serverfarms@2025-03-01' = {
  name: planName
  location: location
  tags: tags
  kind: 'functionapp'
  sku: { name: 'FC1', tier: 'FlexConsumption' }
  properties: {
    reserved: true
    zoneRedundant: zoneRedundant
  }
}

resource site 'Microsoft.Web/sites@2025-03-01' = {
  name: name
  location: location
  tags: tags
  kind: 'functionapp,linux'
  identity: {
    type: 'UserAssigned'
    userAssignedIdentities: { '${identity.id}': {} }
  }
  properties: {
    serverFarmId: plan.id
    httpsOnly: true
    clientAffinityEnabled: false
    publicNetworkAccess: 'Enabled'
    keyVaultReferenceIdentity: identity.id
    virtualNetworkSubnetId: empty(subnetId) ? null : subnetId
    functionAppConfig: {
      deployment: {
        storage: {
          type: 'blobContainer'
          value: '${hostStorage.properties.primaryEndpoints.blob}${deploymentContainer}'
          authentication: {
            type: 'UserAssignedIdentity'
            userAssignedIdentityResourceId: identity.id
          }
        }
      }
      runtime: { name: 'python', version: '3.13' }
      scaleAndConcurrency: {
        instanceMemoryMB: instanceMemory
        maximumInstanceCount: maximumInstances
        alwaysReady: alwaysReadyInstances == 0
          ? []
          : [
              { name: 'http', instanceCount: alwaysReadyInstances }
              { name: 'function:take_in_submission', instanceCount: 1 }
              { name: 'function:advance_request', instanceCount: 1 }
            ]
        triggers: { http: { perInstanceConcurrency: httpConcurrency } }
      }
    }
    siteConfig: {
      minTlsVersion: '1.2'
      scmMinTlsVersion: '1.2'
      http20Enabled: true
      remoteDebuggingEnabled: false
      ipSecurityRestrictionsDefaultAction: empty(frontDoorId) ? 'Allow' : 'Deny'
      ipSecurityRestrictions: empty(frontDoorId) ? [] : concat([fromFrontDoor], publishing)
      scmIpSecurityRestrictionsUseMain: false
      scmIpSecurityRestrictionsDefaultAction: 'Deny'
      scmIpSecurityRestrictions: publishing
      appSettings: [
        { name: 'AzureWebJobsStorage__blobServiceUri', value: hostStorage.properties.primaryEndpoints.blob }
        { name: 'AzureWebJobsStorage__credential', value: 'managedidentity' }
        { name: 'AzureWebJobsStorage__clientId', value: identity.properties.clientId }
        { name: 'AzureWebJobsDisableHomepage', value: 'true' }
        { name: 'FUNCTIONS_REQUEST_BODY_SIZE_LIMIT', value: '8388608' }
        { name: 'APPLICATIONINSIGHTS_CONNECTION_STRING', value: insights.properties.ConnectionString }
        {
          name: 'APPLICATIONINSIGHTS_AUTHENTICATION_STRING'
          value: 'ClientId=${identity.properties.clientId};Authorization=AAD'
        }
        { name: 'PYTHON_APPLICATIONINSIGHTS_ENABLE_TELEMETRY', value: 'true' }
        { name: 'OTEL_TRACES_SAMPLER', value: 'microsoft.fixed_percentage' }
        { name: 'OTEL_TRACES_SAMPLER_ARG', value: tracesKept == 100 ? '1.0' : '0.${padLeft(tracesKept, 2, '0')}' }
        { name: 'OTEL_PYTHON_DISABLED_INSTRUMENTATIONS', value: 'azure_sdk,requests,urllib,urllib3,httpx' }
        { name: 'COSMOS__accountEndpoint', value: cosmos.properties.documentEndpoint }
        { name: 'COSMOS__regions', value: join(cosmosRegions, ',') }
        { name: 'COSMOS__clientId', value: identity.properties.clientId }
        { name: 'COSMOS_DATABASE', value: databaseName }
        { name: 'STORAGE__queueServiceUri', value: appStorage.properties.primaryEndpoints.queue }
        { name: 'STORAGE__blobServiceUri', value: appStorage.properties.primaryEndpoints.blob }
        { name: 'STORAGE__credential', value: 'managedidentity' }
        { name: 'STORAGE__clientId', value: identity.properties.clientId }
        { name: 'REFERENCE_SECRET', value: '@Microsoft.KeyVault(VaultName=${vault.name};SecretName=reference-secret)' }
        { name: 'ACCESS_SECRETS', value: '@Microsoft.KeyVault(VaultName=${vault.name};SecretName=access-secrets)' }
        { name: 'TOKEN_ISSUER', value: tokenIssuer }
        { name: 'TOKEN_AUDIENCE', value: tokenAudience }
        { name: 'TOKEN_JWKS_URI', value: tokenKeys }
        { name: 'MUNICIPALITY', value: municipality }
        { name: 'MUNICIPALITY_PHONE', value: municipalityPhone }
        { name: 'ADDRESS_HEADER', value: empty(frontDoorId) ? 'x-forwarded-for' : 'x-azure-socketip' }
        { name: 'CALLS_PER_MINUTE', value: string(callsPerMinute) }
      ]
    }
  }
}

resource ftpCredentials 'Microsoft.Web/sites/basicPublishingCredentialsPolicies@2025-03-01' = {
  parent: site
  name: 'ftp'
  properties: { allow: false }
}

resource scmCredentials 'Microsoft.Web/sites/basicPublishingCredentialsPolicies@2025-03-01' = {
  parent: site
  name: 'scm'
  properties: { allow: false }
}

// There is no newer version, and none that is stable.
#disable-next-line use-recent-api-versions
resource logs 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  scope: site
  name: 'to-workspace'
  properties: {
    workspaceId: workspaceId
    logs: [{ category: 'FunctionAppLogs', enabled: true }]
  }
}

@description('Name of the function app.')
output name string = site.name

@description('Host of the app.')
output host string = site.properties.defaultHostName
