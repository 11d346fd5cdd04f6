"""Taking in a model: the form, the rules asked ahead, the quotas and the Hub."""
