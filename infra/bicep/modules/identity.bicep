metadata description = 'The identity of the app. Names of its grants derive from its principal, so that one made anew gets grants of its own.'

@description('Name of the identity.')
param name string

@description('Region.')
param location string

@description('Tags of every resource.')
param tags object

resource identity 'Microsoft.ManagedIdentity/userAssignedIdentities@2024-11-30' = {
  name: name
  location: location
  tags: tags
}

@description('Name of the identity.')
output name string = identity.name

@description('What the grants are for.')
output principalId string = identity.properties.principalId
