"""State that nodes share: Redis behind two calls a message. The disk holds only the outbox and the embedded server."""
