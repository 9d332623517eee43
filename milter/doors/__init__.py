"""Where mail comes in: the doors speak SMTP and LMTP, and answer for what they took only when the next hop did."""
