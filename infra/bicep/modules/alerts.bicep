metadata description = 'What wakes an operator, and a workbook to look around in. docs/operations/alerts.md has a section for each alert.'

@description('Which deployment this is; part of every name.')
param stage string

@description('Region.')
param location string

@description('Workspace with the logs.')
param workspaceId string

@description('Cosmos DB account.')
param cosmosName string

@description('Something was published, so that the tables are there that the alerts on logs ask for. Azure switches off for good what has failed for a week.')
param published bool

@description('E-mail address that alerts go to; empty for none.')
param alertAddress string

@description('Tags of every resource.')
param tags object

var logAlerts = [
  {
    name: 'unavailable'
    description: 'The web test failed again and again: residents and staff may not reach the counter.'
    severity: 1
    query: 'union isfuzzy=true (datatable(Success: bool)[]), AppAvailabilityResults | where Success == false'
    operator: 'GreaterThan'
    threshold: 2
    window: 'PT10M'
  }
  {
    name: 'failed-requests'
    description: 'Calls were answered with an error of the server, or workers and timers ended with one.'
    severity: 2
    query: 'AppTraces | where SeverityLevel == 3 and Message startswith "failed: a "'
    operator: 'GreaterThan'
    threshold: 10
    window: 'PT5M'
  }
  {
    name: 'no-sweep'
    description: 'The sweeper has not run for a quarter of an hour: what nobody moves stands still.'
    severity: 1
    query: 'AppTraces | where Message == "succeeded: a run of sweep"'
    operator: 'LessThan'
    threshold: 1
    window: 'PT15M'
  }
  {
    name: 'no-metrics'
    description: 'The app has sent no metrics for half an hour: the alerts that ask for metrics see nothing.'
    severity: 2
    query: 'AppMetrics | where Name == "madoguchi.oldest_pending"'
    operator: 'LessThan'
    threshold: 1
    window: 'PT30M'
  }
  {
    name: 'oldest-pending'
    description: 'A request or task has been due for more than 10 minutes, and the sweeper does not get it moved.'
    severity: 1
    query: 'AppMetrics | where Name == "madoguchi.oldest_pending" and Sum > 600'
    operator: 'GreaterThan'
    threshold: 0
    window: 'PT5M'
  }
  {
    name: 'queue-stuck'
    description: 'A message for the workers has been visible for more than 10 minutes: no worker takes it.'
    severity: 1
    query: 'AppMetrics | where Name == "madoguchi.queue.age" and Sum > 600 and tostring(Properties.queue) startswith "requests-"'
    operator: 'GreaterThan'
    threshold: 0
    window: 'PT5M'
  }
  {
    name: 'tasks-waiting'
    description: 'A task has waited for a team for more than 4 hours, an urgent one for more than one.'
    severity: 3
    query: 'AppMetrics | where Name == "madoguchi.queue.age" | extend queue = tostring(Properties.queue) | where queue startswith "tasks-" and Sum > iff(queue endswith "-urgent", 3600, 14400)'
    operator: 'GreaterThan'
    threshold: 0
    window: 'PT15M'
  }
  {
    name: 'failures'
    description: 'A message could not be worked and became a failure, or somebody replayed one that failed again.'
    severity: 2
    query: 'AppTraces | where SeverityLevel == 3 and Message startswith "failure " and not(Message has "failed again and again")'
    operator: 'GreaterThan'
    threshold: 0
    window: 'PT5M'
  }
  {
    name: 'poisoned'
    description: 'A worker failed on a message again and again, for a reason that the app does not know.'
    severity: 1
    query: 'AppTraces | where (Message startswith "failure " and Message has "failed again and again") or Message has "a poisoned message cannot be recorded"'
    operator: 'GreaterThan'
    threshold: 0
    window: 'PT5M'
  }
  {
    name: 'open-failures'
    description: 'Failures have been open for 6 hours: nobody replayed or dismissed them.'
    severity: 3
    query: 'AppMetrics | where Name == "madoguchi.open_failures" | summarize open = max(Sum) by bin(TimeGenerated, 1m) | summarize fewest = min(open), since = min(TimeGenerated) | where fewest > 0 and since < ago(5h)'
    operator: 'GreaterThan'
    threshold: 0
    window: 'PT6H'
  }
  {
    name: 'many-looks'
    description: 'Somebody was shown more requests within an hour than work at a counter asks for.'
    severity: 2
    query: 'AppTraces | where Message startswith "many looks: "'
    operator: 'GreaterThan'
    threshold: 0
    window: 'PT5M'
  }
]

resource cosmos 'Microsoft.DocumentDB/databaseAccounts@2025-10-15' existing = {
  name: cosmosName
}

resource operators 'Microsoft.Insights/actionGroups@2023-01-01' = {
  name: 'ag-madoguchi-${stage}'
  location: 'global'
  tags: tags
  properties: {
    groupShortName: 'madoguchi'
    enabled: true
    emailReceivers: empty(alertAddress)
      ? []
      : [{ name: 'operators', emailAddress: alertAddress, useCommonAlertSchema: true }]
  }
}

resource fromLogs 'Microsoft.Insights/scheduledQueryRules@2026-03-01' = [
  for alert in logAlerts: {
    name: 'alert-madoguchi-${stage}-${alert.name}'
    location: location
    tags: tags
    kind: 'LogAlert'
    properties: {
      description: '${alert.description} See docs/operations/alerts.md#alert-${alert.name}.'
      severity: alert.severity
      enabled: published
      scopes: [workspaceId]
      evaluationFrequency: 'PT5M'
      windowSize: alert.window
      skipQueryValidation: true
      criteria: {
        allOf: [
          {
            query: alert.query
            timeAggregation: 'Count'
            operator: alert.operator
            threshold: alert.threshold
            failingPeriods: { numberOfEvaluationPeriods: 1, minFailingPeriodsToAlert: 1 }
          }
        ]
      }
      autoMitigate: true
      actions: { actionGroups: [operators.id] }
    }
  }
]

resource throughput 'Microsoft.Insights/metricAlerts@2026-01-01' = {
  name: 'alert-madoguchi-${stage}-throughput'
  location: 'global'
  tags: tags
  properties: {
    description: 'A partition of Cosmos DB is close to the most RU/s it may use. See docs/operations/alerts.md#alert-throughput.'
    severity: 2
    enabled: true
    scopes: [cosmos.id]
    evaluationFrequency: 'PT5M'
    windowSize: 'PT5M'
    criteria: {
      'odata.type': 'Microsoft.Azure.Monitor.SingleResourceMultipleMetricCriteria'
      allOf: [
        {
          name: 'throughput'
          criterionType: 'StaticThresholdCriterion'
          metricNamespace: 'Microsoft.DocumentDB/databaseAccounts'
          metricName: 'NormalizedRUConsumption'
          timeAggregation: 'Maximum'
          operator: 'GreaterThan'
          threshold: 90
          skipMetricValidation: true
        }
      ]
    }
    actions: [{ actionGroupId: operators.id }]
  }
}

resource throttled 'Microsoft.Insights/metricAlerts@2026-01-01' = {
  name: 'alert-madoguchi-${stage}-throttled'
  location: 'global'
  tags: tags
  properties: {
    description: 'Cosmos DB turns calls away (429): submissions begin to wait in the intake queue. See docs/operations/alerts.md#alert-throttled.'
    severity: 1
    enabled: true
    scopes: [cosmos.id]
    evaluationFrequency: 'PT1M'
    windowSize: 'PT5M'
    criteria: {
      'odata.type': 'Microsoft.Azure.Monitor.SingleResourceMultipleMetricCriteria'
      allOf: [
        {
          name: 'throttled'
          criterionType: 'StaticThresholdCriterion'
          metricNamespace: 'Microsoft.DocumentDB/databaseAccounts'
          metricName: 'TotalRequests'
          dimensions: [{ name: 'StatusCode', operator: 'Include', values: ['429'] }]
          timeAggregation: 'Count'
          operator: 'GreaterThan'
          threshold: 100
          skipMetricValidation: true
        }
      ]
    }
    actions: [{ actionGroupId: operators.id }]
  }
}

resource workbook 'Microsoft.Insights/workbooks@2023-06-01' = {
  name: guid(resourceGroup().id, stage, 'workbook')
  location: location
  tags: tags
  kind: 'shared'
  properties: {
    displayName: 'Madoguchi (${stage})'
    category: 'workbook'
    sourceId: workspaceId
    serializedData: loadTextContent('workbook.json')
  }
}
