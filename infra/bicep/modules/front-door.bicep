metadata description = 'Front Door with a firewall that limits how often one address may ask.'

@description('Name of the profile.')
param name string

@description('Name of the endpoint.')
@maxLength(46)
param endpointName string

@description('Name of the firewall policy: letters and digits only.')
param firewallName string

@description('Requests in a minute from one address at which the firewall starts to refuse.')
param requestsPerMinute int

@description('The municipality\'s own name for the counter; empty for none.')
param ownDomain string

@description('Workspace that the logs go to.')
param workspaceId string

@description('Tags of every resource.')
param tags object

resource profile 'Microsoft.Cdn/profiles@2025-06-01' = {
  name: name
  location: 'global'
  tags: tags
  sku: { name: 'Standard_AzureFrontDoor' }
  properties: { originResponseTimeoutSeconds: 240 }
}

resource endpoint 'Microsoft.Cdn/profiles/afdEndpoints@2025-06-01' = {
  parent: profile
  name: endpointName
  location: 'global'
  tags: tags
  properties: { enabledState: 'Enabled' }
}

resource domain 'Microsoft.Cdn/profiles/customDomains@2025-06-01' = if (!empty(ownDomain)) {
  parent: profile
  name: empty(ownDomain) ? 'none' : replace(ownDomain, '.', '-')
  properties: {
    hostName: ownDomain
    tlsSettings: { certificateType: 'ManagedCertificate', minimumTlsVersion: 'TLS12' }
  }
}

resource firewall 'Microsoft.Network/frontDoorWebApplicationFirewallPolicies@2025-03-01' = {
  name: firewallName
  location: 'global'
  tags: tags
  sku: { name: 'Standard_AzureFrontDoor' }
  properties: {
    policySettings: {
      enabledState: 'Enabled'
      mode: 'Prevention'
      customBlockResponseStatusCode: 429
      customBlockResponseBody: loadFileAsBase64('../busy.html')
    }
    customRules: {
      rules: [
        {
          name: 'OneAddress'
          priority: 100
          enabledState: 'Enabled'
          ruleType: 'RateLimitRule'
          rateLimitDurationInMinutes: 1
          rateLimitThreshold: requestsPerMinute
          matchConditions: [
            {
              matchVariable: 'SocketAddr'
              operator: 'IPMatch'
              matchValue: ['0.0.0.0/0', '::/0']
            }
          ]
          action: 'Block'
        }
      ]
    }
  }
}

resource protection 'Microsoft.Cdn/profiles/securityPolicies@2025-06-01' = {
  parent: profile
  name: 'firewall'
  properties: {
    parameters: {
      type: 'WebApplicationFirewall'
      wafPolicy: { id: firewall.id }
      associations: [
        {
          domains: empty(ownDomain) ? [{ id: endpoint.id }] : [{ id: endpoint.id }, { id: domain!.id }]
          patternsToMatch: ['/*']
        }
      ]
    }
  }
}

// There is no newer version, and none that is stable.
#disable-next-line use-recent-api-versions
resource logs 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  scope: profile
  name: 'to-workspace'
  properties: {
    workspaceId: workspaceId
    logs: [{ category: 'FrontDoorWebApplicationFirewallLog', enabled: true }]
  }
}

@description('What this Front Door writes into `X-Azure-FDID`.')
output frontDoorId string = profile.properties.frontDoorId

@description('Name of the profile.')
output profileName string = profile.name

@description('Name of the endpoint.')
output endpointName string = endpoint.name

@description('Resource id of the own name; empty for none.')
output domainId string = empty(ownDomain) ? '' : domain!.id

@description('What the record `_dnsauth` of the own name must say until Azure has seen it; empty once it need not.')
output validationToken string = empty(ownDomain)
  ? ''
  : (domain!.properties.?validationProperties.?validationToken ?? '')

@description('Host of the endpoint, which the own name must point to.')
output host string = endpoint.properties.hostName
