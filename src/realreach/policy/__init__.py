"""Policy: from probabilities to bands and actions, by costs, capacity or a limit on false accusations."""
