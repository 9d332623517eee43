"""The words with which a client asks for no more automatic replies, and takes it back.

They count only as the whole first line of a reply to one of ours. BAJA, ALTA and STOP are ordinary
words in a freelancer's mail ("dar de baja la web") and are none of them.
"""

KEYWORDS: dict[str, tuple[str, str]] = {
    "ca": ("SENSE AVISOS", "AMB AVISOS"),
    "de": ("KEINE HINWEISE", "HINWEISE"),
    "en": ("NO NOTICES", "NOTICES"),
    "es": ("SIN AVISOS", "CON AVISOS"),
    "eu": ("OHARRIK EZ", "OHARRAK BAI"),
    "fr": ("SANS AVIS", "AVEC AVIS"),
    "gl": ("SEN AVISOS", "CON AVISOS"),
    "pt": ("SEM AVISOS", "COM AVISOS"),
}
"""Language -> (stop, start), in capitals, as the texts show them."""
