"""The pure core: same inputs, same answer. No asyncio, I/O, clock, randomness or logging in here."""
