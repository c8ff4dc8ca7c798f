"""What operators see and do: reconciliation, readiness, looks; failures stand beside, as every worker records them."""
