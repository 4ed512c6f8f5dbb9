"""What every function shares: the rules, the transaction, the stores and the wire."""
