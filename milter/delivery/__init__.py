"""What leaves the house: the next hops that take mail (SMTP, LMTP, Maildir) and the queue of automatic replies."""
