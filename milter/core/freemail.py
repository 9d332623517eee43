"""Domains whose mailboxes belong to strangers: what one of their users does says nothing of the next."""

from milter.core import address

# Under every ending: hotmail.es, yahoo.co.uk, gmx.net.
_UNDER_EVERY_ENDING = """
aol fastmail gmail gmx googlemail hotmail hushmail icloud live mailfence msn outlook posteo proton protonmail rocketmail
tuta tutanota yahoo yandex ymail zoho
"""
# Providers of access and mail, above all where the texts are read.
_PROVIDERS = """
126.com 163.com arcor.de att.net bbox.fr bellsouth.net bk.ru bluewin.ch bol.com.br btinternet.com caramail.com centrum.cz
clix.pt comcast.net correo.es cox.net daum.net disroot.org duck.com email.com email.cz email.de eresmas.com euskaltel.net
free.fr freenet.de hanmail.net hey.com hispeed.ch inbox.com inbox.lv inbox.ru interia.pl iol.pt jazzfree.com jazztel.es
laposte.net libero.it list.ru mac.com mail.com mail.de mail.ee mail.pt mail.ru mailbox.org me.com movistar.es mundo-r.com
mundofree.com naver.com netcabo.pt neuf.fr numericable.fr o2.pl onet.pl online.de ono.com orange.es orange.fr pm.me qq.com
rambler.ru rediffmail.com riseup.net sapo.pt sbcglobal.net seznam.cz sfr.fr sina.com sky.com swissmail.org t-online.de
telecable.es telefonica.net telenet.be terra.com terra.com.br terra.es tiscali.it ukr.net uol.com.br verizon.net
virgilio.it virginmedia.com vodafone.es vodafone.it wanadoo.es wanadoo.fr web.de wp.pl ya.com ya.ru yeah.net
"""
_LABELS = frozenset(_UNDER_EVERY_ENDING.split())
_DOMAINS = frozenset(_PROVIDERS.split())


def is_freemail(domain: str) -> bool:
    """Whether the domain (normal, or below such a one) is a provider's, not an organisation's own."""
    organisation = address.organisational_domain(domain)
    return organisation in _DOMAINS or organisation.partition(".")[0] in _LABELS
