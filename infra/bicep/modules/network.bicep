metadata description = 'One virtual network: a subnet for the app, one for private endpoints, and a way out on a fixed address.'

@description('Name of the virtual network.')
param name string

@description('Name of the way out.')
param natName string

@description('Name of the address that the way out sends from.')
param addressName string

@description('Region.')
param location string

@description('Give the app a way out on a fixed address.')
param natGateway bool

@description('Tags of every resource.')
param tags object

resource address 'Microsoft.Network/publicIPAddresses@2025-05-01' = if (natGateway) {
  name: addressName
  location: location
  tags: tags
  sku: { name: 'Standard' }
  properties: {
    publicIPAllocationMethod: 'Static'
    publicIPAddressVersion: 'IPv4'
  }
}

resource wayOut 'Microsoft.Network/natGateways@2025-05-01' = if (natGateway) {
  name: natName
  location: location
  tags: tags
  sku: { name: 'Standard' }
  properties: {
    idleTimeoutInMinutes: 4
    publicIpAddresses: [{ id: address!.id }]
  }
}

// The subnets are resources of their own: a list in here would be the whole list and take away what is not on it.
resource network 'Microsoft.Network/virtualNetworks@2025-05-01' = {
  name: name
  location: location
  tags: tags
  properties: { addressSpace: { addressPrefixes: ['10.0.0.0/16'] } }
}

resource appSubnet 'Microsoft.Network/virtualNetworks/subnets@2025-05-01' = {
  parent: network
  name: 'snet-app'
  properties: {
    addressPrefix: '10.0.1.0/24'
    defaultOutboundAccess: !natGateway
    natGateway: natGateway ? { id: wayOut!.id } : null
    delegations: [
      {
        name: 'flex-consumption'
        properties: { serviceName: 'Microsoft.App/environments' }
      }
    ]
  }
}

// After the other subnet: a network takes one change at a time.
resource endpointSubnet 'Microsoft.Network/virtualNetworks/subnets@2025-05-01' = {
  parent: network
  name: 'snet-endpoints'
  properties: {
    addressPrefix: '10.0.2.0/24'
    defaultOutboundAccess: false
    privateEndpointNetworkPolicies: 'Disabled'
  }
  dependsOn: [appSubnet]
}

@description('Resource id of the virtual network.')
output id string = network.id

@description('Subnet that the app sends from.')
output appSubnetId string = appSubnet.id

@description('Subnet of the private endpoints.')
output endpointSubnetId string = endpointSubnet.id

@description('Address that the app calls others from; empty where it is not fixed.')
output address string = natGateway ? address!.properties.ipAddress : ''
