"""The one use case, called by every door: examine a transaction, and settle what came of it."""
