"""`sluicegate bench`: what the gateway itself costs, with the operator's own configuration."""
