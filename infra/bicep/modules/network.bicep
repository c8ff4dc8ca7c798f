metadata description = 'One virtual network: a subnet for the app, one for private endpoints.'

@description('Name of the virtual network.')
param name string

@description('Region.')
param location string

@description('Tags of every resource.')
param tags object

resource network 'Microsoft.Network/virtualNetworks@2025-05-01' = {
  name: name
  location: location
  tags: tags
  properties: {
    addressSpace: { addressPrefixes: ['10.0.0.0/16'] }
    subnets: [
      {
        name: 'snet-app'
        properties: {
          addressPrefix: '10.0.1.0/24'
          delegations: [
            {
              name: 'flex-consumption'
              properties: { serviceName: 'Microsoft.App/environments' }
            }
          ]
        }
      }
      {
        name: 'snet-endpoints'
        properties: {
          addressPrefix: '10.0.2.0/24'
          privateEndpointNetworkPolicies: 'Disabled'
        }
      }
    ]
  }

  resource app 'subnets' existing = { name: 'snet-app' }
  resource endpoints 'subnets' existing = { name: 'snet-endpoints' }
}

@description('Resource id of the virtual network.')
output id string = network.id

@description('Subnet that the app sends from.')
output appSubnetId string = network::app.id

@description('Subnet of the private endpoints.')
output endpointSubnetId string = network::endpoints.id
