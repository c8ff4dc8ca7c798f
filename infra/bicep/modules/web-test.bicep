metadata description = 'Asks the counter from outside whether it is ready, every five minutes from three places.'

@description('Region.')
param location string

@description('Application Insights component that keeps the answers.')
param insightsName string

@description('Address that residents and staff use.')
param address string

@description('Tags of every resource.')
param tags object

resource insights 'Microsoft.Insights/components@2020-02-02' existing = {
  name: insightsName
}

resource ready 'Microsoft.Insights/webtests@2022-06-15' = {
  name: 'ready'
  location: location
  tags: union(tags, { 'hidden-link:${insights.id}': 'Resource' })
  kind: 'standard'
  properties: {
    SyntheticMonitorId: 'ready'
    Name: 'ready'
    Enabled: true
    Frequency: 300
    Timeout: 30
    Kind: 'standard'
    RetryEnabled: true
    Locations: [{ Id: 'apac-jp-kaw-edge' }, { Id: 'apac-hk-hkn-azr' }, { Id: 'apac-sg-sin-azr' }]
    Request: {
      RequestUrl: '${address}/api/ready'
      HttpVerb: 'GET'
      ParseDependentRequests: false
      FollowRedirects: false
    }
    ValidationRules: {
      ExpectedHttpStatusCode: 200
      SSLCheck: true
      SSLCertRemainingLifetimeCheck: 14
    }
  }
}
