"""What operators see and do: failures, reconciliation, readiness, looks."""
