"""Domains whose mailboxes belong to strangers: what one of their users does says nothing of the next."""

from milter.core import address

# Under every ending: hotmail.es, yahoo.co.uk, gmx.net.
_UNDER_EVERY_ENDING = """
aol fastmail gmail gmx googlemail hotmail hushmail icloud live mailfence msn outlook posteo proton protonmail rocketmail
tuta tutanota yahoo yandex ymail zoho
"""
# Providers of access and mail, above all where the texts are read; and those that lend addresses (privaterelay.appleid.com).
_PROVIDERS = """
126.com 163.com abv.bg adinet.com.uy alice.it anonaddy.me appleid.com arcor.de arnet.com.ar att.net bbox.fr
bellsouth.net bigpond.com bk.ru bluewin.ch bol.com.br btinternet.com caramail.com centrum.cz clix.pt comcast.net
correo.es cox.net daum.net disroot.org duck.com email.com email.cz email.de eresmas.com euskalnet.net euskaltel.net
fibertel.com.ar free.fr freenet.de hanmail.net hey.com hispeed.ch inbox.com inbox.lv inbox.ru interia.pl iol.pt
jazzfree.com jazztel.es kpnmail.nl laposte.net libero.it list.ru mac.com mail.com mail.de mail.ee mail.pt mail.ru
mailbox.org mailinator.com me.com movistar.es mozmail.com mundo-r.com mundofree.com naver.com netcabo.pt neuf.fr
ntlworld.com numericable.fr o2.pl onet.pl online.de online.no ono.com orange.es orange.fr planet.nl pm.me prodigy.net.mx
qq.com rambler.ru rediffmail.com riseup.net sapo.pt sbcglobal.net seznam.cz sfr.fr simplelogin.com sina.com sky.com
skynet.be swissmail.org t-online.de telecable.es telefonica.net telenet.be terra.com terra.com.br terra.es tin.it
tiscali.it ukr.net uol.com.br verizon.net virgilio.it virginmedia.com vodafone.es vodafone.it wanadoo.es wanadoo.fr
web.de wp.pl ya.com ya.ru yeah.net yopmail.com ziggo.nl
"""
_LABELS = frozenset(_UNDER_EVERY_ENDING.split())
_DOMAINS = frozenset(_PROVIDERS.split())


def is_freemail(domain: str) -> bool:
    """Whether the domain (normal, or below such a one) is a provider's, not an organisation's own."""
    organisation = address.organisational_domain(domain)
    return organisation in _DOMAINS or organisation.partition(".")[0] in _LABELS
